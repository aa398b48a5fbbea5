// Package nemesis tries to prove the library wrong. It has no code but tests: random chains,
// with every fault in every place, are played through the public interface in virtual time,
// and all that can be seen of them is compared with what a sequential model says.
//
//	go test ./internal/nemesis
//	go test ./internal/nemesis -run TestNemesis -chains 10000000 -timeout 0 -v
//
// The first is short, and fails also if a kind of fault has not occurred. The second goes on
// for long and says every few seconds how far it has got. A failure prints the plan of the
// smallest chain that shows it, the difference, and the seed that replays it.
package nemesis
