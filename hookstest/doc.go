// Package hookstest helps to test hooks, and what is made of them.
//
//   - [Check] puts one hook through what can happen to it, and says in plain words what it does
//     wrong.
//   - [Chaos] puts faults into the hooks of a chain, to see that what a program makes of them is
//     right whatever happens.
//   - [Recorder] writes down what happened in which order, to be compared with what should have.
//   - [Context] makes the context of a hook, for a plain unit test.
package hookstest
