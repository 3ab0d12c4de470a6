package report_test

import (
	"fmt"

	"github.com/sluice-mesh/sluice/internal/report"
)

// A host from a log line cannot colour a terminal, nor hide its ending.
func ExamplePrintable() {
	fmt.Println(report.Printable("pay\x1b[31m.example", 40))
	fmt.Println(report.Printable("pay.example/\u202egnp.exe", 40))
	fmt.Println(report.Printable("支払い.example", 12))
	// Output:
	// pay\u001b[31m.example
	// pay.example/\u202egnp.exe
	// 支払い…
}
