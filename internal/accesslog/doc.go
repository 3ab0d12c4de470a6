// Package accesslog turns the bytes of an Envoy access log, as Istio and ASM
// write it, into records: [graph.Record], one for each line that can be used.
// It is the only place that knows the log's field names, its nulls and dashes,
// and its numbers in strings.
//
//	reading, err := accesslog.ReadFile(ctx, "access.log.gz", accesslog.Options{})
//	mesh := reading.Builder.Build(pods, reading.Skipped())
//
// # How
//
// A log is plain text, gzip or zstd, told by its first bytes. The calling
// goroutine cuts it into blocks at newlines; in a log of over a megabyte,
// workers decode the blocks, each into a small graph.Builder that it hands over
// to the common one when it is full. Since a Builder does not depend on the order
// of its records, and line numbers are counted where blocks are cut, the result
// is the same for any number of workers.
//
// # What counts as a line
//
// One JSON object, or one line of the text that Istio writes by default; of
// Envoy's own default, which does not say who called whom, the line is counted
// and told. A log can have names of its own for the fields: Options.Fields. Blank lines do not count. Carriage returns, a byte order
// mark, zeros before a line, and the brackets and commas of an array of lines
// are passed over; several objects of one array on one line are lines each.
//
// JSON is taken as encoding/json takes it: any order and spacing, escapes in
// keys and values, the last of several equal keys, U+FFFD for what is not
// Unicode; a fuzz test holds the decoder to that. Two things differ: keys count
// only in their exact case, and a field of a wrong type counts as unknown and
// does not cost the line.
//
// # Partial readings
//
// Reading.Save writes what was read, Read takes that in a log's place, and ReadAll
// merges it with others and with logs: the graph is that of all lines read at
// once, bit for bit while no bound of graph.Options was hit. Past MaxEvents every
// reading keeps the requests whose hashes are smallest, so that merged they are
// still a sample that says its size. A partial reading is a magic, a version and
// one zstd frame with its checksum; what is torn, damaged, foreign or of another
// version counts for nothing and is told by a warning.
//
// # Bounds
//
// Each ends in a count or a warning, never in an error, and what was read before
// counts: text after decompression (8 GiB), a line (1 MiB), a zstd window
// (32 MiB), 200 times the compressed size (past 256 MiB), a line out of a compressed log that never ends (256 MiB), text
// without one line of use (256 MiB), and the caller's own time. Memory is a few
// blocks of 256 KiB a worker, one line and one window, however long the log is;
// what the builders keep is up to graph.Options.
//
// # What it will not do
//
// It opens nothing but regular files, and reads them up to the size they had. It
// never quotes a line, because the file may be one that the caller had no right
// to see: what was skipped is told by a reason of a fixed set, a count and a line
// number. It does not decide what a record means to the mesh, whether two lines
// are one event, nor which address is whose. It reads no format strings but those
// two: who changes the text should write JSON.
package accesslog
