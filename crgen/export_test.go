package crgen

// MustBeValid is for the tests that see the package from outside.
var MustBeValid = mustBeValid
