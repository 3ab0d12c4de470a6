// Package rounds is what the server remembers: every answered round with its
// documents, byte for byte, and what the rounds of each mesh have taught.
//
//	store, warnings, err := rounds.Open(rounds.Options{Dir: "/var/lib/sluice"})
//	round, err := store.Add(ctx, obs, func(n int, prior *optimize.Memory) (*rounds.Draft, error) {
//		rep, err := optimize.Plan(ctx, obs, prior, o) // n is this round's number
//		…
//	})
//	round, err = store.Get(3)
//
// Terms: a Round is a number with Documents. Evidence is the hash of what a round
// showed. A mesh is what optimize.Recall takes for one, and its Memory what its
// rounds taught. Evidence that was seen before is planned again from the Memory as
// it was before that evidence, so that to ask again, with the rows in another order
// or with another limit, gives the same plan or one that is comparable with it; only
// new evidence advances the Memory (docs/adr/0002-rounds-and-memory.md).
//
// With a folder, a round is one file, which is on the disk before Add returns; all
// else is derived by reading the files in order, so there is nothing to disagree
// with. Where a round cannot be written (the disk is full) it is answered all the
// same, its document says so, and its number is written into a file that has its
// room already: a crash then loses the round, but no number is given twice. Without
// a folder, rounds live as long as the process. Either way both the number
// and the bytes kept are bounded, and the oldest rounds go first.
//
// The package plans nothing, serves nothing and does not log: what a start finds
// wrong in the folder comes back as warnings.
package rounds
