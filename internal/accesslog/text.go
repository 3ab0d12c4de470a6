package accesslog

import "bytes"

// Envoy's own default, and Istio's, which puts more behind and between:
//
//	[%START_TIME%] "%REQ(:METHOD)% PATH %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS%
//	(%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%")
//	%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%
//	"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"
//	(%UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS%
//	%DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%)
//
// Istio before 1.9 had "%DYNAMIC_METADATA(istio.mixer:status)%" in the place of
// the details, before 1.5 no route name, and before 1.3 no failure reason.
//
// Nothing is escaped in it, so a client can put quotes and spaces into its user
// agent. That is passed over: what comes before is read from the front, what
// comes after from the back.

// plainText finds the fields of such a line, p[i:end]; end is its newline.
func (s *scanner) plainText(p []byte, i, end int) bool {
	if end > i && p[end-1] == '\r' {
		end--
	}
	s.src, s.values = p, [fields]value{}
	w := words{s: s, p: p, i: i, end: end}
	return w.opening() && w.figures() && w.closing()
}

// words walks a line from both its ends.
type words struct {
	s      *scanner
	p      []byte
	i, end int
}

func (w *words) set(f field, from, to int) {
	w.s.values[f] = value{int32(from), int32(to), verbatim}
}

// opening reads the time and the request line.
func (w *words) opening() bool {
	at := bytes.Index(w.p[w.i:w.end], []byte(`] "`))
	if at < 1 {
		return false
	}
	w.set(startTime, w.i+1, w.i+at)
	w.i += at + len(`] "`)
	end := w.i
	for {
		at := bytes.Index(w.p[end:w.end], []byte(`" `))
		if at < 0 {
			return false
		}
		if end += at; w.p[end+2]-'0' <= 9 {
			break
		}
		end++
	}
	line := w.p[w.i:end]
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if first < 0 || first == last {
		return false
	}
	w.set(path, w.i+first+1, w.i+last)
	w.i = end + 2
	return true
}

// figures reads what stands between the request line and the headers.
func (w *words) figures() bool {
	var at [6][2]int
	n := w.bare(at[:])
	if n < 2 {
		return false
	}
	w.set(responseCode, at[0][0], at[0][1])
	w.set(responseFlags, at[1][0], at[1][1])
	switch figures := at[2:]; n {
	case 6:
		return w.sizes(figures)
	case 4:
		return w.quoted() && w.bare(figures) == 4 && w.sizes(figures)
	case 2:
		if !w.quoted() {
			return false
		}
		if w.i < w.end && w.p[w.i] == '"' && !w.quoted() {
			return false
		}
		return w.bare(figures) == 4 && w.sizes(figures)
	}
	return false
}

func (w *words) sizes(at [][2]int) bool {
	for k, f := range [...]field{bytesReceived, bytesSent, duration, serviceTime} {
		w.set(f, at[k][0], at[k][1])
	}
	return true
}

// bare reads words without quotes up to one with, and counts them; -1 for more
// than fit.
func (w *words) bare(at [][2]int) int {
	for n := 0; ; n++ {
		if w.i >= w.end || w.p[w.i] == '"' {
			return n
		}
		if n == len(at) {
			return -1
		}
		space := bytes.IndexByte(w.p[w.i:w.end], ' ')
		if space < 1 {
			return -1
		}
		at[n] = [2]int{w.i, w.i + space}
		w.i += space + 1
	}
}

// quoted passes over a word in quotes.
func (w *words) quoted() bool {
	if w.i >= w.end || w.p[w.i] != '"' {
		return false
	}
	at := bytes.Index(w.p[w.i+1:w.end], []byte(`" `))
	w.i += at + len(`"" `)
	return at >= 0
}

// closing reads the end of the line from its back.
func (w *words) closing() bool {
	var at [6][2]int // from the back
	n := 0
	for ; n < len(at) && w.end > w.i && w.p[w.end-1] != '"'; n++ {
		space := bytes.LastIndexByte(w.p[w.i:w.end], ' ')
		if space < 0 {
			return false
		}
		at[n] = [2]int{w.i + space + 1, w.end}
		w.end = w.i + space
	}
	if n != 0 && n != 5 && n != 6 {
		return false
	}
	for k, f := range [...]field{upstreamCluster, upstreamLocal, downstreamLocal, downstreamRemote, serverName} {
		if n > 0 {
			w.set(f, at[n-1-k][0], at[n-1-k][1])
		}
	}
	return w.header(upstreamHost) && w.header(authority) && w.header(requestID)
}

// header reads the last word in quotes.
func (w *words) header(f field) bool {
	if w.end <= w.i || w.p[w.end-1] != '"' {
		return false
	}
	open := bytes.LastIndexByte(w.p[w.i:w.end-1], '"')
	if open < 1 || w.p[w.i+open-1] != ' ' {
		return false
	}
	w.set(f, w.i+open+1, w.end-1)
	w.end = w.i + open - 1
	return true
}
