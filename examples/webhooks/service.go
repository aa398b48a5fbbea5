package main

import (
	"cmp"
	"context"
	"time"

	"github.com/hooktx/hooks"
	"go.uber.org/zap"
)

// What the hooks tell each other about an event, in its Context.
const (
	keyBody      = "body"      // []byte as it came; decode takes it away
	keySignature = "signature" // string, the header
	keyRedacted  = "redacted"  // true once redact has run
	keyDerived   = "derived"   // map[string]any of enrich
)

// Settings are what a Service is made of. Only Store and Notifier are required.
type Settings struct {
	Store    *Store
	Notifier *Notifier
	Secret   []byte // of the signatures

	Workers, Queue int   // of the loop; 0 means 4 and 64
	MaxBody        int64 // bytes of a body; 0 means 1 MiB
	MaxState       int64 // bytes of an event in memory; 0 means the library's default

	Logger       *zap.Logger   // of failures; nil: silent
	TrackChanges bool          // have the reports say what each hook changed
	Observe      func(Verdict) // called by a worker after each execution; nil: not called
}

// A Verdict is what became of one delivery.
type Verdict struct {
	Delivery string
	Report   *hooks.Report
	Err      error
}

// Stored returns what the store hook said; false if the chain failed.
func (v Verdict) Stored() (Stored, bool) { return hooks.ResultOf[Stored](v.Report, "store") }

// A Service takes events over HTTP and runs the chain on them.
type Service struct {
	settings Settings
	executor *hooks.Executor[hooks.Event]
	chain    []hooks.Hook[hooks.Event]
	loop     *Loop
}

// NewService starts the workers of a service; Close ends them.
func NewService(s Settings) (*Service, error) {
	s.Workers = cmp.Or(s.Workers, 4)
	s.Queue = cmp.Or(s.Queue, 64)
	s.MaxBody = cmp.Or(s.MaxBody, 1<<20)
	executor, err := hooks.New(hooks.Config{
		Name:   "webhooks",
		Logger: s.Logger,
		Execution: hooks.ExecutionConfig{
			DefaultTimeout:  2 * time.Second,
			RollbackTimeout: 2 * time.Second,
			TotalTimeout:    8 * time.Second, // GitHub waits for ten
			// Time for net/http and the database to notice that a hook's context
			// has ended: the hook is then late but known, and undone in its turn.
			Grace:        500 * time.Millisecond,
			MaxStateSize: s.MaxState,
		},
		Monitoring: hooks.MonitoringConfig{TrackChanges: s.TrackChanges},
	}, stayRedacted())
	if err != nil {
		return nil, err
	}
	return &Service{
		settings: s,
		executor: executor,
		chain: []hooks.Hook[hooks.Event]{
			verify(s.Secret), decode(), redact(), enrich(), s.Store.Hook(), s.Notifier.Hook(),
		},
		loop: NewLoop(s.Workers, s.Queue),
	}, nil
}

// process runs the chain on an event. ctx is the request's: if the sender hangs up
// before the commit, it will not have heard "stored", and nothing is.
func (s *Service) process(ctx context.Context, e *hooks.Event) Verdict {
	report, err := s.executor.Execute(ctx, e, s.chain...)
	v := Verdict{e.ID, report, err}
	if s.settings.Observe != nil {
		s.settings.Observe(v)
	}
	return v
}

// Metrics returns the executor's counts.
func (s *Service) Metrics() hooks.Metrics { return s.executor.Metrics() }

// Close runs what is in the queue and then waits, as long as ctx allows, for hooks
// that are past their limit and what has to be undone behind them. Requests should
// have ended: those that come after Close are refused.
func (s *Service) Close(ctx context.Context) error {
	s.loop.Close()
	err := s.executor.Shutdown(ctx)
	s.settings.Notifier.Client.CloseIdleConnections()
	return err
}
