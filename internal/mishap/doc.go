// Package mishap turns a panic into an error, which can be carried from the
// goroutine that it happened in to whoever waits for it and told as what it is: a
// mistake in sluice, not in what it was given.
//
// Go ends a process for a panic that nobody recovers, with a stack trace and exit
// status 2, which of ours means wrong usage; and a goroutine of a handler's is not
// the handler's to recover. So whatever is started to work for somebody runs in
// Guard:
//
//	g.Go(func() error { return mishap.Guard(work) })
//
// It does not catch what the runtime gives up at (memory that is not to be had, maps
// written by two at once): that ends the process.
package mishap
