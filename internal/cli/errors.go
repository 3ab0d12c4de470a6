package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/mishap"
	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/whatif"
)

// The exit statuses that contract.md fixes.
const (
	done       = 0
	failed     = 1
	misused    = 2
	infeasible = 3
)

// usageError is a wrong command line.
type usageError struct{ problem string }

func (e *usageError) Error() string { return e.problem }

// usagef makes one. The text says what was found and where help is.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// unheldError says that no budget which was asked about holds the floors.
type unheldError struct{ what string }

func (e *unheldError) Error() string { return e.what }

// asUsage turns a complaint of cobra's into a usage error.
func asUsage(err error) error {
	var u *usageError
	if err == nil || errors.As(err, &u) {
		return err
	}
	return usagef("%v", err)
}

// quietError has a status but nothing more to say.
type quietError struct{ error }

func (e quietError) Unwrap() error { return e.error }

func quiet(err error) error { return quietError{err} }

// status is the exit status for what a command returned.
func status(err error) int {
	var (
		usage  *usageError
		input  *request.Error
		script *whatif.ScriptError
		short  *budget.InfeasibleError
		unheld *unheldError
	)
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE):
		// Whoever read standard output has seen enough: nothing went wrong here.
		return done
	case errors.As(err, &usage), errors.As(err, &input), errors.As(err, &script):
		return misused
	case errors.As(err, &short), errors.As(err, &unheld):
		return infeasible
	}
	return failed
}

// message is the one line about err for standard error, "" for none. It holds
// text from outside (paths, fields of a request), so it is made printable.
func message(err error) string {
	var (
		q    quietError
		ours *mishap.Error
	)
	switch {
	case err == nil, errors.As(err, &q), errors.Is(err, syscall.EPIPE):
		return ""
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &ours):
		return fmt.Sprintf("this is a mistake in sluice (%s): please report it at https://github.com/sluice-mesh/sluice/issues, with the command and, where you may, what it read; %s=1 shows where it happened",
			report.Printable(ours.Value, 500), debugVariable)
	}
	return report.Printable(err.Error(), 2000)
}
