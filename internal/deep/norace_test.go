//go:build !race

package deep_test

const many = 2_000_000

const raced = false
