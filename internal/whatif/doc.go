// Package whatif answers what would be: it turns what one round taught of a mesh,
// and a question, into rows of predictions.
//
//	budget.Study, script → Run → Result{Rows, Warnings}
//
// # Terms
//
// A Mesh is the round with some changes: another load, other replicas, calls, costs,
// limits. It never changes; a change makes another Mesh. Its allocation is planned,
// that is what `sluice plan` would give under its budget, until one is fixed: then it
// stays what it is, whatever else changes. A row is one Mesh, and what is foreseen
// for requests at the gateway. All figures come from budget.Study, the model that
// plans are made with: a row and the plan for the same limit agree to the digit.
//
// A script is Starlark, a small dialect of Python:
//
//	for b in span(1, 8, 0.5):
//	    row(mesh.budget(b))
//
// with the verbs that Help lists and docs/whatif.md teaches.
//
// # Strangers' scripts
//
// Run bounds a script in steps, time, size, nesting and rows. The language's own
// operations can take memory by the gigabyte, and time, in a single step; so
// Isolated runs a script in a process of its own whose memory the kernel bounds, and
// which is killed when its time is over. A script reaches no file and no network.
//
// # What it will not do
//
// It reads no log and keeps nothing. It predicts means over the mix of requests that
// the log showed; it does not know retries, time-outs or failures that changes cause.
package whatif
