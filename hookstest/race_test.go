//go:build race

package hookstest_test

const raceEnabled = true
