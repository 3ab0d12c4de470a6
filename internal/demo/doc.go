// Package demo is a real capture inside the binary, so that a newcomer has a mesh
// to look at without any file: `sluice plan --demo`, `sluice serve --demo`.
//
//	req := demo.Request()       // the fleet and the limits
//	f, err := demo.Open()       // the access log, decompressed while it is read
//
// The capture is Istio's Bookinfo under load, six pods of four services; where it
// comes from and its licence are in capture/NOTICE, which Notice returns. Nothing
// else in sluice knows what is in it.
package demo
