package graph

import "testing"

func TestParseAddress(t *testing.T) {
	f := func(in, want string, local bool) {
		t.Helper()
		got := parseAddress(in)
		if got.String() != want || got.local() != local {
			t.Errorf("parseAddress(%q) is %q, local %v; want %q, %v", in, got, got.local(), want, local)
		}
	}
	f("10.0.0.1:80", "10.0.0.1", false)
	f("10.0.0.1", "10.0.0.1", false)
	f("10.0.0.1:", "10.0.0.1", false)
	f(" 10.0.0.1:80 ", "10.0.0.1", false)
	f("[fd00::1]:80", "fd00::1", false)
	f("[fd00::1]", "fd00::1", false)
	f("fd00::1", "fd00::1", false)
	f("FD00:0:0::1", "fd00::1", false)
	f("fe80::1%eth0", "fe80::1", false)
	f("[fe80::1%eth0]:80", "fe80::1", false)
	f("::ffff:10.0.0.1", "10.0.0.1", false)
	f("[::ffff:a00:1]:80", "10.0.0.1", false)
	f("127.0.0.1:80", "127.0.0.1", true)
	f("127.0.0.6:80", "127.0.0.6", true)
	f("[::6]:80", "::6", true)
	f("::1", "::1", true)
	f("0.0.0.0:80", "0.0.0.0", true)
	f("127.20.1.1:80", "127.20.1.1", false) // a lab's pod
	f("Some.Host:80", "some.host", false)
	f("localhost:80", "localhost", true)
	f("/var/run/app.sock", "/var/run/app.sock", true)
	f("@abstract", "@abstract", true)
	f("envoy://connect_originate/10.0.0.1:80", "envoy://connect_originate/10.0.0.1:80", true)
	f("", "", true)
	f("[", "[", false)
	f("[]:80", "", true)
	f("010.0.0.1:80", "010.0.0.1", false) // no IP by today's rules, so a name
	f("1.2.3.4.5:80", "1.2.3.4.5", false)
}

// What a port may be: over 65535 there is none, and what is no number is no port.
func TestHostOf(t *testing.T) {
	f := func(in, host, client string) {
		t.Helper()
		if got := string(hostOf([]byte(in))); got != host {
			t.Errorf("the host of %q is %q, want %q", in, got, host)
		}
		if got := string(clientOf([]byte(in))); got != client {
			t.Errorf("the host of the client %q is %q, want %q", in, got, client)
		}
	}
	f("10.0.0.1:65535", "10.0.0.1", "10.0.0.1")
	f("10.0.0.1:65536", "10.0.0.1", "\x00")
	f("10.0.0.1:00080", "10.0.0.1", "10.0.0.1")
	f("10.0.0.1:655350", "10.0.0.1", "\x00")
	f("10.0.0.1:", "10.0.0.1", "10.0.0.1")
	f("10.0.0.1:http", "10.0.0.1", "10.0.0.1")
	f("10:20:30", "10:20:30", "10:20:30") // IPv6, as far as it goes
	f("10.0.0.1:80:", "10.0.0.1:80:", "10.0.0.1:80:")
	f(":80", "", "")
	f("10.0.0.1", "10.0.0.1", "10.0.0.1")
	f(" 10.0.0.1:80", "10.0.0.1", "10.0.0.1")
}

func TestSpan(t *testing.T) {
	for _, c := range []struct{ in, want Micros }{
		{0, 0}, {1, 1}, {-1, Missing}, {-5, Missing}, {1<<31 - 1, 1<<31 - 1},
		{1 << 31, (1 << 31) / 1000 * 1000}, {86_400_000_000, 86_400_000_000}, {1 << 62, (1<<31 - 2) * 1000},
	} {
		if got := packSpan(c.in).micros(); got != c.want {
			t.Errorf("packSpan(%d) gives %d, want %d", c.in, got, c.want)
		}
	}
	if !(packSpan(5) < packSpan(1<<31) && packSpan(1<<31) < packSpan(1<<40) && packSpan(1<<62) < noSpan) {
		t.Error("packed spans are not in the order of time")
	}
}

func TestClientOf(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := string(clientOf([]byte(in))); got != want {
			t.Errorf("clientOf(%q) is %q, want %q", in, got, want)
		}
	}
	f("10.0.0.1:80", "10.0.0.1")
	f("10.0.0.1:0", "10.0.0.1")
	f("10.0.0.1:65535", "10.0.0.1")
	f(" 10.0.0.1:40000 ", "10.0.0.1")
	f("10.0.0.1:65536", string(noAddress)) // no port
	f("10.0.0.1:100000", string(noAddress))
	f("10.0.0.1:99999999999", string(noAddress))
	f("10.0.0.1", "10.0.0.1")
	f("10.0.0.1:", "10.0.0.1")
	f("[fd00::1]:40000", "fd00::1")
	f("fd00::1", "fd00::1")
	f("@abstract", "@abstract")
	f("", "")
}
