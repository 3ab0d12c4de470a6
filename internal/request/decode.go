package request

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// sidecarContainer is the name that Istio gives the sidecar's container.
const sidecarContainer = "istio-proxy"

// decoder builds a Request from what the scanner reads.
type decoder struct {
	*scanner
	req   Request
	names map[string]string
	// sets of labels that rows share.
	sets map[string][]Label
	// services that there are.
	services map[string]struct{}
	// The fields of the body besides containers; null until they come. Of a
	// field that comes twice the last counts, as everywhere in JSON.
	path, cpu, memory value
	listed            bool
}

// row is one element of containers.
type row struct {
	service, pod, container, ip, namespace string
	cpu, memory, app, sidecar              *float64
	labels                                 []Label
	spec                                   *Spec
}

func (d *decoder) body() error {
	c, err := d.start()
	if err != nil {
		return err
	}
	if c != '{' {
		return d.notObject(c)
	}
	if err := d.object(d.field); err != nil {
		return err
	}
	if err := d.rest(); err != nil {
		return err
	}
	return d.finish()
}

// start is the first byte that counts. A byte order mark is forgiven.
func (d *decoder) start() (byte, error) {
	c, ok := d.peek()
	if !ok && errors.Is(d.err, io.EOF) {
		return 0, &Error{Problem: "the body is empty, expected " + whole}
	}
	if c == 0xef {
		if r, ok := d.rune(); !ok || r != '\ufeff' {
			return 0, d.malformed("it begins with bytes that are not UTF-8, expected '{'")
		}
	}
	return d.next(whole)
}

// whole is what a body is to be.
const whole = "a JSON object with containers, accesslog_path, cpu_limit and memory_limit"

func (d *decoder) notObject(c byte) error {
	found := "a list"
	if c != '[' {
		v, err := d.scalar(glimpse, nil)
		if err != nil {
			return err
		}
		found = v.String()
	}
	return &Error{Problem: "the body is " + found + ", expected " + whole}
}

// field reads one field of the body.
func (d *decoder) field(key string) (err error) {
	switch key {
	case "containers":
		return d.rows()
	case "accesslog_path":
		d.path, err = d.scalar(MaxName, nil)
	case "cpu_limit":
		d.cpu, err = d.scalar(glimpse, nil)
	case "memory_limit":
		d.memory, err = d.scalar(glimpse, nil)
	default:
		err = d.ignore()
	}
	return err
}

// ignore passes a value that means nothing here.
func (d *decoder) ignore() error {
	if c, err := d.next("a value"); err != nil || c == '{' || c == '[' {
		if err != nil {
			return err
		}
		return d.skip()
	}
	_, err := d.skipOne()
	return err
}

func (d *decoder) rows() error {
	d.req.Containers, d.listed = d.req.Containers[:0], false
	clear(d.services)
	c, err := d.next("a value")
	if err != nil {
		return err
	}
	if c == '[' {
		d.listed = true
		return d.list(d.row)
	}
	v, err := d.scalar(glimpse, nil)
	if err != nil || v.kind == null {
		return err
	}
	return wrong("containers", v, "a list of objects")
}

// row reads containers[i].
func (d *decoder) row(i int) error {
	if i == MaxRows {
		return tooMany("rows", MaxRows, "one or two for each pod")
	}
	c, err := d.next("an object")
	if err != nil {
		return err
	}
	if c != '{' {
		v, err := d.scalar(glimpse, nil)
		if err != nil {
			return err
		}
		return wrong(element(i), v, "an object with service_name and pod_name")
	}
	var r row
	if err := d.object(func(key string) error { return d.rowField(&r, i, key) }); err != nil {
		return err
	}
	if r.service == "" {
		return missing(element(i)+".service_name", "the name of a service")
	}
	if r.pod == "" {
		return missing(element(i)+".pod_name", "the name of a pod")
	}
	d.services[r.service] = struct{}{}
	if len(d.services) > MaxServices {
		return tooMany("services", MaxServices, partOf)
	}
	d.add(&r)
	return nil
}

// partOf is what to do about a fleet that is too large.
const partOf = "post a part of the fleet"

// tooMany is the error for a list that holds more than is read.
func tooMany(what string, most int, advice string) error {
	return &Error{Field: "containers", Problem: fmt.Sprintf("found more than %d %s, expected fewer: %s", most, what, advice), TooLarge: true}
}

func element(i int) string { return fmt.Sprintf("containers[%d]", i) }

// rowField reads one field of containers[i].
func (d *decoder) rowField(r *row, i int, key string) error {
	var err error
	switch key {
	case "service_name":
		r.service, err = d.name(i, key, d.names)
	case "pod_name":
		r.pod, err = d.name(i, key, nil)
	case "container":
		r.container, err = d.name(i, key, d.names)
	case "namespace":
		r.namespace, err = d.name(i, key, d.names)
	case "ip":
		r.ip, err = d.string(i, key, nil)
	case "labels":
		r.labels, err = d.labels()
	case "cpu":
		r.cpu, err = d.amount(i, key, "a number of cores")
	case "app":
		r.app, err = d.amount(i, key, "a number of cores")
	case "sidecar":
		r.sidecar, err = d.amount(i, key, "a number of cores")
	case "memory":
		r.memory, err = d.amount(i, key, "a number of bytes")
	default:
		err = d.specField(r, key)
	}
	return err
}

// name reads a string without control characters; "" where it is null.
func (d *decoder) name(i int, key string, intern map[string]string) (string, error) {
	name, err := d.string(i, key, intern)
	if r, ok := control(name); ok {
		return "", &Error{Field: element(i) + "." + key, Problem: fmt.Sprintf("found %s, which holds the control character U+%04X, expected none", Quote(name), r)}
	}
	return name, err
}

// string reads a string; "" where it is null.
func (d *decoder) string(i int, key string, intern map[string]string) (string, error) {
	v, err := d.scalar(MaxName, intern)
	if err != nil || v.kind == null {
		return "", err
	}
	return v.string(element(i)+"."+key, "a string")
}

// string is v as text that can be written again as it was.
func (v value) string(field, want string) (string, error) {
	switch {
	case v.kind != quoted:
		return "", wrong(field, v, want)
	case v.over:
		return "", &Error{Field: field, Problem: fmt.Sprintf("found %s, longer than %d bytes, expected a shorter one", v, MaxName)}
	case v.half:
		return "", &Error{Field: field, Problem: fmt.Sprintf("found %s with half of a surrogate pair in it, expected whole characters", v)}
	}
	return v.text, nil
}

// amount reads a number that may be unknown.
func (d *decoder) amount(i int, key, want string) (*float64, error) {
	v, err := d.scalar(glimpse, nil)
	if err != nil || v.empty() {
		return nil, err
	}
	f, err := v.amount(element(i)+"."+key, want)
	return &f, err
}

// amount is v as a finite number from zero up.
func (v value) amount(field, want string) (float64, error) {
	switch {
	case v.kind != amount:
		return 0, wrong(field, v, want)
	case math.IsNaN(v.number) || math.IsInf(v.number, 0):
		return 0, wrong(field, v, want+" that is finite")
	case v.number < 0:
		return 0, wrong(field, v, want+" that is not negative")
	}
	return math.Abs(v.number), nil // -0 is 0
}

func wrong(field string, v value, want string) error {
	return &Error{Field: field, Problem: fmt.Sprintf("found %s, expected %s", v, want)}
}

func missing(field, want string) error {
	return &Error{Field: field, Problem: "missing or empty, expected " + want}
}

// add makes one Container of r, or two where it has the older form.
func (d *decoder) add(r *row) {
	c := Container{Service: r.service, Namespace: r.namespace, Pod: r.pod, IP: r.ip, Labels: r.labels, Spec: r.spec}
	older := r.app != nil || r.sidecar != nil
	if !older || r.cpu != nil || r.memory != nil {
		c.Sidecar, c.CPU, c.Memory = r.container == sidecarContainer, r.cpu, r.memory
		d.req.Containers = append(d.req.Containers, c)
	}
	c.Memory = nil
	if r.app != nil {
		c.Sidecar, c.CPU = false, r.app
		d.req.Containers = append(d.req.Containers, c)
	}
	if r.sidecar != nil {
		c.Sidecar, c.CPU = true, r.sidecar
		d.req.Containers = append(d.req.Containers, c)
	}
}

// finish checks the body as a whole once it has been read.
func (d *decoder) finish() (err error) {
	switch {
	case !d.listed:
		return missing("containers", "a list of objects")
	case len(d.req.Containers) == 0:
		return &Error{Field: "containers", Problem: "found an empty list, expected at least one row"}
	case d.path.empty():
		return missing("accesslog_path", "the path of a log")
	case d.cpu.kind == null:
		return missing("cpu_limit", "a number of cores")
	case d.memory.kind == null:
		return missing("memory_limit", "a number of bytes")
	case len(d.req.Containers) > MaxPods && d.req.Pods() > MaxPods:
		return tooMany("pods", MaxPods, partOf)
	}
	if d.req.AccessLog, err = d.path.string("accesslog_path", "the path of a log"); err != nil {
		return err
	}
	if d.req.CPULimit, err = d.cpu.amount("cpu_limit", "a number of cores"); err != nil {
		return err
	}
	d.req.MemoryLimit, err = d.memory.amount("memory_limit", "a number of bytes")
	return err
}
