package cli

import (
	"errors"

	"github.com/spf13/cobra"
)

func newServe(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the HTTP service",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return errors.New("internal/api has not landed yet") },
	}
}
