package whatif

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/mishap"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Worker is the argument with which a program that calls Work runs one Job from its
// standard input.
const Worker = "whatif-worker"

// Job is a script and what it asks about.
type Job struct {
	Study        *optimize.Study `json:"study"`
	Name, Script string
	Bounds       Bounds
	// Follow has the worker say where the script is before every step, for the sake
	// of a script that ends its process.
	Follow bool
}

// mesh is the mesh that the job asks about.
func (j *Job) mesh() *Mesh { return NewMesh(budget.NewStudy(j.Study.Input), j.Study.Pods) }

// reply is what a worker writes.
type reply struct {
	Result *Result      `json:"result,omitempty"`
	Error  *ScriptError `json:"error,omitempty"`
	// Mishap is ours, not the script's.
	Mishap *mishap.Error `json:"mishap,omitempty"`
}

// grace is what a worker has beyond the job's own time to learn the mesh, and to end.
const grace = 5 * time.Second

// inWorker is set in a worker's environment: a program that fails to call Work must
// not start itself without end.
const inWorker = "SLUICE_WHATIF_WORKER"

// maxReply bounds what is read of a worker.
const maxReply = 16 << 20

// Isolated runs a job in a process of its own: this program again, which has to call
// Work where its argument is Worker. Errors are *ScriptError, ctx's own, and others
// where no process can be made.
func Isolated(ctx context.Context, j Job) (*Result, error) {
	j.Bounds = j.Bounds.fill()
	if err := guard(j.Name, j.Script); err != nil {
		return nil, err
	}
	out, place, late, err := j.spawn(ctx)
	var died *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &died) && late && !j.Follow:
		place.File, place.What = j.Name, overtime(j.Bounds)
		return nil, place
	case errors.As(err, &died) && !outOfMemory(died, place.What):
		return nil, fmt.Errorf("what-if: the process of the script failed: %s", place.What)
	case errors.As(err, &died) && !j.Follow:
		// It took memory until there was none, in a single step. It does so again.
		j.Follow = true
		return Isolated(ctx, j)
	case errors.As(err, &died):
		place.File, place.What = j.Name, fmt.Sprintf("the script took more than %d MB of memory: make smaller things", j.Bounds.Memory>>20)
		return nil, place
	case err != nil:
		return nil, fmt.Errorf("what-if: a process for the script: %w", err)
	}
	var r reply
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, fmt.Errorf("what-if: the process of the script answered nothing that can be read: %w", err)
	}
	switch {
	case r.Mishap != nil:
		return nil, r.Mishap
	case r.Error != nil:
		return nil, r.Error
	}
	return r.Result, nil
}

// spawn runs the worker and returns what it wrote, the last place that it told, and
// whether its time was over.
func (j *Job) spawn(ctx context.Context) (out []byte, place *ScriptError, late bool, err error) {
	if os.Getenv(inWorker) != "" {
		return nil, nil, false, errors.New("this program does not know its argument " + Worker)
	}
	body, err := json.Marshal(j)
	if err != nil {
		return nil, nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, j.Bounds.Time+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, self(), Worker)
	cmd.Stdin = bytes.NewReader(body)
	cmd.Args[0] = os.Args[0] // as a program goes by its name, so does this
	cmd.Env = []string{inWorker + "=1", "GOTRACEBACK=none", "GOMAXPROCS=" + strconv.Itoa(min(2, runtime.GOMAXPROCS(0)))}
	cmd.WaitDelay = time.Second
	var stdout bytes.Buffer
	told := &lastLine{}
	cmd.Stdout, cmd.Stderr = &capped{&stdout, maxReply}, told
	err = cmd.Run()
	return stdout.Bytes(), &ScriptError{Line: told.line, Column: told.column, What: told.said}, ctx.Err() != nil, err
}

// outOfMemory reports that a worker ended as one does that found no memory: by the
// runtime's status, which the watch over it shares, by a signal or, where races are looked
// for, by what it said. Others, such as that of a worker that tells why it could not do its
// job, are no fault of the script.
func outOfMemory(e *exec.ExitError, said string) bool {
	return e.ExitCode() == 2 || e.ExitCode() < 0 || strings.Contains(said, "failed to allocate")
}

// self is this program, also where its file was replaced since.
func self() string {
	if runtime.GOOS == "linux" {
		if _, err := os.Stat("/proc/self/exe"); err == nil {
			return "/proc/self/exe"
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return exe
}

// capped takes so many bytes and no more.
type capped struct {
	w    io.Writer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	if len(p) > c.left {
		return 0, errors.New("too much")
	}
	c.left -= len(p)
	return c.w.Write(p)
}

// lastLine reads where a worker says that it is, among whatever else its end says.
type lastLine struct {
	rest         []byte
	line, column int
	said         string // the last line that is none of these
}

func (l *lastLine) Write(p []byte) (int, error) {
	text := append(l.rest, p...)
	for {
		line, after, whole := bytes.Cut(text, []byte{'\n'})
		if !whole {
			break
		}
		var row, column int
		if n, _ := fmt.Sscanf(string(line[:min(len(line), 40)]), "at %d:%d", &row, &column); n == 2 {
			l.line, l.column = row, column
		} else {
			l.said = string(line[:min(len(line), 300)])
		}
		text = after
	}
	l.rest = append([]byte(nil), text[:min(len(text), 40)]...)
	return len(p), nil
}

// Work is the worker: it runs the job on in and writes the reply to out. It bounds
// the memory of its whole process, and tells on notes where the script is.
func Work(ctx context.Context, in io.Reader, out, notes io.Writer) error {
	var j Job
	if err := json.NewDecoder(bufio.NewReader(in)).Decode(&j); err != nil {
		return fmt.Errorf("what-if: the job cannot be read: %w", err)
	}
	j.Bounds = j.Bounds.fill()
	debug.SetMaxStack(32 << 20)
	debug.SetMemoryLimit(j.Bounds.Memory * 2 / 3)
	var m *Mesh
	if err := mishap.Guard(func() error { m = j.mesh(); return nil }); err != nil {
		return err
	}
	if err := limitMemory(j.Bounds.Memory); err != nil {
		return err
	}
	watchMemory(j.Bounds.Memory + baseMemory)
	b := j.Bounds
	if j.Follow {
		b.follow = func(line, column int) { fmt.Fprintf(notes, "at %d:%d\n", line, column) }
	}
	// The script may end in the moment in which its time is over: whoever comes first
	// answers, and the other waits, so that one reply is written and it is whole.
	var once sync.Once
	answer := func(r reply) (err error) {
		once.Do(func() { err = json.NewEncoder(out).Encode(r) })
		return err
	}
	// A single step that does not end is not waited for.
	b.late = func(e *ScriptError) {
		if answer(reply{Error: e}) == nil {
			os.Exit(0)
		}
	}
	var r reply
	err := mishap.Guard(func() (err error) {
		r.Result, err = Run(ctx, m, j.Name, j.Script, b)
		return err
	})
	if err != nil && !errors.As(err, &r.Error) && !errors.As(err, &r.Mishap) {
		return err
	}
	return answer(r)
}
