package sluice_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDockerfile: no engine may be at hand to try the build, so at least all that
// it copies must be there, and not be kept from it by .dockerignore.
func TestDockerfile(t *testing.T) {
	ignored := strings.Fields(read(t, ".dockerignore"))
	copies := 0
	for line := range strings.Lines(read(t, "Dockerfile")) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from") {
			continue
		}
		for _, from := range words[1 : len(words)-1] {
			copies++
			if _, err := os.Stat(from); err != nil {
				t.Errorf("the Dockerfile copies what is not there: %v", err)
			}
			for _, ign := range ignored {
				if strings.TrimPrefix(ign, "/") == from {
					t.Errorf("the Dockerfile copies %s, which .dockerignore leaves out", from)
				}
			}
		}
	}
	if copies == 0 {
		t.Error("no COPY was found in the Dockerfile")
	}
}

// TestDockerfileGo: the image is built by the release that go.mod asks for.
func TestDockerfileGo(t *testing.T) {
	m := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if m == nil || !strings.Contains(read(t, "Dockerfile"), "FROM golang:"+m[1]+" ") {
		t.Errorf("the Dockerfile does not build with go.mod's release %v", m)
	}
}

// TestDockerfileVersion: the linker ignores a variable that is not there.
func TestDockerfileVersion(t *testing.T) {
	m := regexp.MustCompile(`-X ` + module + `(\S+)\.(\w+)=`).FindStringSubmatch(read(t, "Dockerfile"))
	if m == nil {
		t.Fatal("the Dockerfile sets no version")
	}
	if !strings.Contains(read(t, m[1]+"/version.go"), "\nvar "+m[2]+" string\n") {
		t.Errorf("the Dockerfile sets %s in %s, which is not there", m[2], m[1])
	}
}

// TestReadmeLength: a README that is not read through helps nobody.
func TestReadmeLength(t *testing.T) {
	if n := strings.Count(read(t, "README.md"), "\n"); n > 150 {
		t.Errorf("README.md has %d lines, want 150 at most: move what is not for a newcomer", n)
	}
}

// TestLinks: what our pages point to in this tree is there.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, more...)
	}
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	found := 0
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s points to %s, which is not there", page, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no link was found: does the pattern still fit?")
	}
}

// TestDecisions: decision records are numbered without gaps or repeats, and say
// the four things that a record is for.
func TestDecisions(t *testing.T) {
	records, err := filepath.Glob("docs/adr/*.md")
	if err != nil || len(records) == 0 {
		t.Fatalf("no decision records: %v", err)
	}
	for i, name := range records {
		number := filepath.Base(name)[:4]
		if want := i + 1; number != pad(want) {
			t.Errorf("%s: want number %s", name, pad(want))
		}
		text := read(t, name)
		for _, part := range []string{"# " + number + ": ", "**Context.**", "**Decision.**", "**Alternatives.**"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %q", name, part)
			}
		}
	}
}

func pad(n int) string { return fmt.Sprintf("%04d", n) }
