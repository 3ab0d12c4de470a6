package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the image's build (-ldflags "-X …/internal/cli.version=v1.2.3");
// elsewhere the module's own version serves.
var version string

// build is what is known of this binary.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// thisBuild reads what the linker left.
func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is one line: sluice VERSION (REVISION, modified) GO PLATFORM.
func (b build) String() string {
	s := "sluice " + b.Version
	if b.Revision != "" {
		s += " (" + b.Revision
		if b.Modified {
			s += ", modified"
		}
		s += ")"
	}
	return s + " " + b.Go + " " + b.Platform
}

func newVersion(env *Env) *cobra.Command {
	form := choice{"text", []string{"text", "json"}}
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "The version of this binary",
		Long:    "Prints the version, the revision it was built from, the Go release and the platform.",
		Example: "  sluice version\n  sluice version -o json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if form.is("json") {
				out, err := json.Marshal(thisBuild())
				if err != nil {
					return err
				}
				return env.print(append(out, '\n'))
			}
			return env.print(fmt.Appendln(nil, thisBuild()))
		},
	}
	form.flag(cmd)
	return cmd
}
