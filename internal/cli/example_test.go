package cli_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/sluice-mesh/sluice/internal/cli"
)

// A command runs in a test as it does in a shell.
func ExampleMain() {
	env := cli.Env{Stdin: strings.NewReader(`{"containers": [`), Stdout: os.Stdout, Stderr: os.Stdout}
	fmt.Println("status", cli.Main(context.Background(), env, []string{"plan"}))
	fmt.Println("status", cli.Main(context.Background(), env, []string{"gralph", "--demo"}))
	// Output:
	// sluice: no REQUEST.json: name one, '-' for standard input, or try 'sluice plan --demo'
	// status 2
	// sluice: "gralph" is no command of 'sluice', did you mean "graph"?; 'sluice --help' lists them
	// status 2
}
