// Package catalogpb has a message of the opaque API, with presence bits and a lazily decoded field.
package catalogpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative catalog.proto
