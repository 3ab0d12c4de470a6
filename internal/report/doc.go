// Package report gives a round its outward forms: the contest's answer, the
// documents of the contract as JSON, patches and resources as YAML, and tables for
// people. It decides nothing and computes no figure that optimize did not: it
// sorts, rounds, spells and, where there is too much, cuts.
//
//	doc, err := report.Plan(rep, 3)      // GET /rounds/3
//	doc, err = report.Graph(rep.Observation)
//
// Terms: a document is a JSON object, printed with a line for each member and for
// each row of a list, so that two rounds can be compared with diff. CPU is printed
// in cores, as the shortest decimal of its whole millicores; times in milliseconds
// to the microsecond; rates and ratios to six significant digits. What was not
// observed is null (observed and predicted of a round without requests, a latency
// that no line of the gateway's tells, self_ms of an idle service, the sidecar_cpu of
// a service whose sidecars reported none); a service without traffic has the rate 0. There is no NaN and no infinity.
//
// A share of the latency is of what was observed in the mesh's document, and of what
// is predicted under the plan in the plan's, though the contract calls both
// latency_share: tables say LATENCY SEEN and LATENCY TO COME.
//
// Same report, same bytes. Text that came from outside (names, hosts, paths of log
// lines) cannot reach a terminal as anything but text: JSON escapes control
// characters, tables and messages go through Printable.
//
// Plan and Graph stay under MaxDocument, since names may be a megabyte long and
// services ten thousand: what does not fit is left out, least important rows first,
// and the member "truncated" says how many of how many rows each list holds. The
// forms that a harness or kubectl reads (Answer, ResourceStream, Patches) are never
// cut.
package report
