//go:build race

package deep_test

// many is the length of the longest lists. The race detector slows them down by a factor of five.
const many = 100_000

// raced says that pools lose some of what is put into them.
const raced = true
