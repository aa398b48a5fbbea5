// Package prototest tests how package deep treats protobuf messages. It is a module of its own, so that package deep
// knows protobuf by the names of its types alone, and nobody who uses it downloads protobuf.
package prototest
