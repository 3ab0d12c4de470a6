// Package budget turns what a mesh's sidecars used and did in one round, and two
// limits, into what each sidecar gets in the next: a Plan with a reason for every
// number in it.
//
// # Terms
//
// A service has one or more pods, each with one sidecar; all sidecars of a service
// get the same, so a millicore for a service with n pods costs n. The floor is what
// no sidecar may go below. Demand is the CPU that one sidecar needs at the load
// foreseen. The level is the throughput a plan is made for: every plan is
//
//	allotment(service) = the larger of the floor and need(service, level)
//
// with needs that never fall as the level rises, and the level the highest that the
// limit pays for. That one property is why more budget lowers no service.
//
// # Example
//
//	plan, err := budget.Pour(budget.Input{
//		Sidecars: []budget.Sidecar{{Service: "cart", Uses: []budget.Use{{Cores: .08, Known: true}}}},
//		Limits:   budget.Limits{CPU: 400, Memory: 256_000_000},
//	})
//
// Hand plan.Learned back as Input.Knowledge in the next round of the same mesh.
//
// # What it will not do
//
// It does no input or output, reads no clock, draws no random numbers and keeps no
// state: the same Input gives the same Plan to the bit. It does not know names,
// addresses or log formats. docs/model.md has the model and its sources.
package budget
