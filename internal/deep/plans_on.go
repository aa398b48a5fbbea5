//go:build !obvious

package deep

// usePlans is false if everything is to be done by the obvious engine.
const usePlans = true
