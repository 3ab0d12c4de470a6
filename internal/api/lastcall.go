package api

import (
	"sync/atomic"
	"time"
)

// Of the time that a stop gives to requests under way, planTime is kept for what
// comes after the log is read. What a large log is made into takes longer: half as
// long again as its reading, and that may have begun long before.
const (
	planTime      = 2 * time.Second
	planLargeTime = 4 * time.Second
	callTime      = 20 * time.Millisecond
)

// lastCall ends the readings of logs once a server that stops has just the time left
// to plan and answer. Until then a stop changes nothing that is under way.
type lastCall struct {
	// small and large are closed for logs of that kind.
	small, large chan struct{}
	// under is the requests under way whose bodies are there.
	under atomic.Int64
	// turn is how long planning and keeping one round took of late, in nanoseconds: rounds
	// take turns at it, so that all who wait need as much each.
	turn atomic.Int64
}

func newLastCall() *lastCall {
	return &lastCall{small: make(chan struct{}), large: make(chan struct{})}
}

// took notes how long a round held its turn. What is long is forgotten slowly.
func (c *lastCall) took(d time.Duration) {
	was := c.turn.Load()
	c.turn.Store(max(int64(d), was-was/8))
}

// due tells whether no log of a kind may be read on, that needs plan once it is
// read, with left of the time of the stop.
func (c *lastCall) due(left, plan time.Duration) bool {
	return left <= plan+time.Duration(c.under.Load()*c.turn.Load())
}

// run closes the channels in time before deadline. It is called once, and returns
// when both are closed or ended is.
func (c *lastCall) run(deadline time.Time, ended <-chan struct{}) {
	tick := time.NewTicker(callTime)
	defer tick.Stop()
	large := c.large
	for {
		left := time.Until(deadline)
		if large != nil && c.due(left, planLargeTime) {
			close(large)
			large = nil
		}
		if c.due(left, planTime) {
			close(c.small)
			return
		}
		select {
		case <-tick.C:
		case <-ended:
			return
		}
	}
}
