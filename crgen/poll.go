package crgen

// PollDelay is features.multi_buffer's poll_delay: how long a TLS handshake waits
// for seven others to be signed together with it (CryptoMB's eight-slot buffer,
// one for each worker).
//
// A batch saves CPU only where handshakes are many; one that comes alone waits
// the whole delay, so the delay is latency with nothing in return, and with
// connections kept alive handshakes are few. The best value is therefore the
// smallest that is valid everywhere: 1 ms is the least that Envoy and Istio's API
// accept ("greater than or equal to 1 millisecond"). Above, it must stay under 1 s:
// istiod passes on only the fraction of a second (1s arrives as 0, and is then
// refused). The contest's form asks for seconds that end in s.
const PollDelay = "0.001s"
