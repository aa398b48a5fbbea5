// Package bridge lets package hookstest make what only package hooks can make.
package bridge

import "context"

// A Call is a call of user code that no executor makes: its context, and what is said to that.
type Call interface {
	Context() context.Context
	Said() Said
	End() // what an executor does when the call has returned
}

// Said is what a hook has said to its context.
type Said struct {
	Warnings []string

	OnRollback, BeforeCommit, OnCommit []func(ctx context.Context) error
}

// NewCall makes a call. info is a hooks.Info. Package hooks sets it.
var NewCall func(parent context.Context, info any) Call
