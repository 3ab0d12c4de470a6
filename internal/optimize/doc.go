// Package optimize is the one composition of sluice:
//
//	bytes → records → graph → critical paths → pour → resources
//
// Observe does the first half, what a round shows; Plan the second, what to do
// about it given what earlier rounds of the same mesh left; Run is both. The API,
// the commands and what-if all call these and nothing deeper, so a number seen in
// one is the number in all.
//
//	rep, err := optimize.Run(ctx, req, nil, optimize.Options{})
//	// rep.Plan.Allotments[0].CPU, rep.Resources[0].YAML, rep.Warnings …
//
// The package keeps nothing between calls: what a mesh's rounds teach is a Memory
// that goes in and comes out. It does not log, number rounds or write files.
package optimize
