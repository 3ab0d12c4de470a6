package budget

import "math"

// A rehearsal plays the learned mesh in virtual time: sidecars that serve their
// traversals first come, first served, under a CFS quota, applications that only
// delay, and a load that either keeps a number of requests in flight or comes at
// a rate. It is what stands in for a formula where there is none: requests travel
// in trains from one throttled sidecar to the next, which no product-form network
// has. Its randomness is drawn from a fixed seed: same mesh, same figures.
//
// Each traversal is two halves, the request's and the response's. A half costs
// base, and wake on top where it finds the worker asleep.
type rehearsal struct {
	stations []station
	entries  []route
	// net is the one-way time between two sidecars, in ms.
	net float64
	// pause is ms that every external request takes besides.
	pause float64
	// inFlight is the number of requests of a closed loop; rate, when above zero,
	// is requests per ms of an open one.
	inFlight int
	// think is the ms from one answer of a closed loop to its next request.
	think float64
	rate  float64
	// batch is how many requests of an open one come at a time, 0 for one.
	batch int
	// usual is the ms that a request was seen to take.
	usual float64
}

// station is one service's sidecars and its application.
type station struct {
	pods int
	// base and wake are ms of CPU a half costs, work the application's ms a call.
	base, wake, work float64
	calls            []route
}

// route is calls to a station: how many per visit of the caller, and whether they
// start beside the caller's other parallel calls.
type route struct {
	to       int
	count    float64
	parallel bool
}

// mostWorkers bounds the workers of one sidecar that are told apart.
const mostWorkers = 64

// cfsPeriod is the kernel's default quota period in ms.
const cfsPeriod = 100.0

// spread is the lognormal sigma assumed of one half's CPU and one call's work.
const spread = 0.35

// outcome is what a rehearsal showed.
type outcome struct {
	// rate in requests per ms, mean latency in ms.
	rate, mean float64
	done       int
	// Of each station: cores used by one pod; ms waited per external request over
	// all its halves, and the part of it that the quota was used up; the share of
	// halves that woke a worker, and the halves.
	cores, wait, throttled, woken, halves []float64
	// inbound is the part of the ms spent at each station, at work or waiting, by
	// halves of calls that it received.
	inbound []float64
	// received and sent are how long calls of each station were held at its sidecars.
	received, sent []passings
	// took is the ms of each request.
	took []float64
	// unsure is how far that share differed between the placings played.
	unsure []float64
}

func newOutcome(n int) outcome {
	at := make([]float64, 7*n)
	part := func(k int) []float64 { return at[k*n : (k+1)*n : (k+1)*n] }
	held := make([]passings, 2*n)
	return outcome{received: held[:n:n], sent: held[n:], cores: part(0), wait: part(1), throttled: part(2), woken: part(3), halves: part(4), unsure: part(5), inbound: part(6)}
}

// frame is one call under way.
type frame struct {
	parent      int32
	caller, pod int32 // pods; caller -1 is the gateway
	to          int32
	stage       uint8
	step        int16 // next entry of the station's calls
	left        int16 // calls of this step still to make, one after the other
	pending     int16 // calls under way
	// start of an external request; resume, when the last of its calls is back.
	start, resume float64
	// sending and receiving are the ms that its caller's and its own sidecar held it on the
	// way there.
	sending, receiving float32
}

type playing struct {
	*rehearsal
	rng     uint64
	queue   agenda
	frames  []frame
	spare   []int32
	servers []server
	first   []int
	measure bool
	begun   float64
	now     float64
	latency float64
	out     outcome
}

// lognormals are evenly spaced quantiles of a lognormal of mean one.
var lognormals = func() (q [256]float64) {
	sum := 0.0
	for i := range q {
		q[i] = math.Exp(spread * math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/float64(len(q))-1))
		sum += q[i]
	}
	for i := range q {
		q[i] *= float64(len(q)) / sum
	}
	return q
}()

func (p *playing) random() uint64 {
	p.rng ^= p.rng << 13
	p.rng ^= p.rng >> 7
	p.rng ^= p.rng << 17
	return p.rng * 0x2545F4914F6CDD1D
}

func (p *playing) uniform() float64 { return float64(p.random()>>11) / (1 << 53) }

func (p *playing) vary(mean float64) float64 { return mean * lognormals[p.random()>>56] }

// run plays the mesh at an allotment of cores per pod for a time of warm-up and
// then one of measurement, in ms, or until it has made that many steps.
func (r *rehearsal) run(cores []float64, seed uint64, warm, span float64, steps int) outcome {
	p := &playing{rehearsal: r, rng: seed*0x9E3779B97F4A7C15 + 1, first: make([]int, len(r.stations))}
	n := len(r.stations)
	p.out = newOutcome(n)
	for i := range r.stations {
		p.first[i] = len(p.servers)
		for range r.stations[i].pods {
			s := newServer(i, cores[i], p.uniform()*cfsPeriod)
			p.servers = append(p.servers, s)
		}
	}
	if r.rate > 0 {
		p.arrive(0)
	} else {
		for range r.inFlight {
			p.begin(p.uniform() * 20)
		}
	}
	for step := range steps {
		if p.queue.n == 0 {
			break
		}
		var frame int32
		p.now, frame = p.queue.pop()
		if !p.measure && (p.now >= warm || step > steps/3) {
			p.measure, p.begun = true, p.now
			for i := range p.servers {
				p.servers[i].used = 0
			}
		}
		if p.measure && p.now >= p.begun+span {
			break
		}
		if frame < 0 {
			for range max(1, p.batch) {
				p.begin(p.now)
			}
			p.arrive(p.now)
			continue
		}
		p.step(frame)
	}
	return p.results()
}

func (p *playing) results() outcome {
	o := &p.out
	t := p.now - p.begun
	if !p.measure || t <= 0 || o.done == 0 {
		return *o
	}
	o.rate = float64(o.done) / t
	o.mean = p.latency / float64(o.done)
	for i := range p.servers {
		s := &p.servers[i]
		o.cores[s.station] += s.used / t / float64(p.stations[s.station].pods)
	}
	for i := range o.wait {
		o.woken[i] /= max(1, o.halves[i])
		o.wait[i] /= float64(o.done)
		o.throttled[i] /= float64(o.done)
		o.inbound[i] /= float64(o.done)
		o.halves[i] /= float64(o.done)
	}
	return *o
}

func (p *playing) arrive(t float64) {
	p.queue.push(t-math.Log(1-p.uniform())*float64(max(1, p.batch))/p.rate, -1)
}

// begin starts one external request.
func (p *playing) begin(t float64) {
	x := p.uniform()
	to := p.entries[len(p.entries)-1].to
	for i := range p.entries {
		if x -= p.entries[i].count; x < 0 {
			to = p.entries[i].to
			break
		}
	}
	f := p.newFrame(-1, -1, to)
	p.frames[f].stage = 1
	p.frames[f].start = t
	p.queue.push(t+p.net+p.pause, f)
}

func (p *playing) newFrame(parent, caller int32, to int) int32 {
	var f int32
	if n := len(p.spare); n > 0 {
		f = p.spare[n-1]
		p.spare = p.spare[:n-1]
	} else {
		f = int32(len(p.frames))
		p.frames = append(p.frames, frame{})
	}
	pod := int32(p.first[to])
	if n := p.stations[to].pods; n > 1 {
		pod += int32(p.random() % uint64(n))
	}
	p.frames[f] = frame{parent: parent, caller: caller, pod: pod, to: int32(to)}
	return f
}

// The stages of a call: the caller's sidecar, the callee's, the application, and
// back.
const (
	sending = iota
	receiving
	calling
	answering
	returning
)

func (p *playing) step(id int32) {
	f := &p.frames[id]
	switch f.stage {
	case sending:
		f.stage = receiving
		done := p.serve(f.caller)
		f.sending = float32(done - p.now)
		p.queue.push(done+p.net, id)
	case receiving:
		f.stage = calling
		done := p.receive(f)
		f.receiving = float32(done - p.now)
		p.queue.push(done+p.vary(p.stations[f.to].work)/2, id)
	case calling:
		p.call(id)
	case answering:
		f.stage = returning
		done := p.receive(f)
		if p.measure {
			p.out.received[f.to].add(float64(f.receiving) + done - p.now)
		}
		done += p.net
		if f.caller >= 0 {
			p.queue.push(done, id)
			return
		}
		p.finish(done, id)
	case returning:
		done := p.serve(f.caller)
		if p.measure {
			p.out.sent[p.servers[f.caller].station].add(float64(f.sending) + done - p.now)
		}
		parent := f.parent
		p.spare = append(p.spare, id)
		up := &p.frames[parent]
		up.resume = max(up.resume, done)
		if up.pending--; up.pending == 0 {
			p.queue.push(up.resume, parent)
		}
	}
}

// receive is serve for a half of a call that f's station received.
func (p *playing) receive(f *frame) float64 {
	done := p.serve(f.pod)
	if p.measure {
		p.out.inbound[f.to] += done - p.now
	}
	return done
}

// call makes the next calls of a frame's application, or ends it.
func (p *playing) call(id int32) {
	st := &p.stations[p.frames[id].to]
	for {
		f := &p.frames[id]
		if f.left > 0 {
			f.left--
			p.spawn(id, st.calls[f.step-1].to)
			return
		}
		if int(f.step) >= len(st.calls) {
			f.stage = answering
			p.queue.push(p.now+p.vary(st.work)/2, id)
			return
		}
		if !st.calls[f.step].parallel {
			f.left = p.times(st.calls[f.step].count)
			f.step++
			continue
		}
		spawned := false
		for int(f.step) < len(st.calls) && st.calls[f.step].parallel {
			n, to := p.times(st.calls[f.step].count), st.calls[f.step].to
			f.step++
			for range n {
				p.spawn(id, to)
				spawned = true
			}
			f = &p.frames[id]
		}
		if spawned {
			return
		}
	}
}

// times draws a whole number with this mean.
func (p *playing) times(mean float64) int16 { return int16(mean + p.uniform()) }

func (p *playing) spawn(parent int32, to int) {
	f := p.newFrame(parent, p.frames[parent].pod, to)
	up := &p.frames[parent]
	up.pending++
	up.resume = 0
	p.queue.push(p.now, f)
}

func (p *playing) finish(done float64, id int32) {
	if p.measure {
		p.out.done++
		p.latency += done - p.frames[id].start
		p.out.took = append(p.out.took, done-p.frames[id].start)
	}
	p.spare = append(p.spare, id)
	if p.rate == 0 {
		p.begin(done + p.think)
	}
}

// serve puts one half through a sidecar at the present time and returns when it is
// through.
func (p *playing) serve(pod int32) float64 {
	s := &p.servers[pod]
	st := &p.stations[s.station]
	w := 0
	for k := 1; k < len(s.free); k++ {
		if s.free[k] < s.free[w] {
			w = k
		}
	}
	cost := p.vary(st.base)
	t := s.free[w]
	if t <= p.now {
		t = p.now
		cost += st.wake
		if p.measure {
			p.out.woken[s.station]++
		}
	}
	s.used += cost
	t = s.work(t, cost)
	s.free[w] = t
	if p.measure {
		p.out.halves[s.station]++
		p.out.wait[s.station] += max(0, t-p.now-cost)
		p.out.throttled[s.station] += s.throttled(p.now, t)
	}
	return t
}
