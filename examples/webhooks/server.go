package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hooktx/hooks"
)

// An Answer is the body of every answer.
type Answer struct {
	Delivery  string `json:"delivery,omitempty"`
	Execution string `json:"execution,omitempty"` // for questions to the operator
	Status    string `json:"status"`
}

// ServeHTTP takes one webhook, as GitHub sends them: the body is JSON and signed in
// X-Hub-Signature-256, its event is named by X-GitHub-Event, its delivery by
// X-GitHub-Delivery.
//
// The answer waits for the verdict. "Accepted", said before the event is stored,
// would have to be taken back when the queue is lost in a crash or the chain fails,
// and there is no way to; a sender that hears how it went can send it again.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	event, delivery := r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery")
	switch {
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed, Answer{Status: "only POST is served"})
		return
	case event == "" || delivery == "":
		answer(w, http.StatusBadRequest, Answer{Status: "X-GitHub-Event or X-GitHub-Delivery is missing"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.settings.MaxBody))
	if err != nil {
		code := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			code = http.StatusRequestEntityTooLarge
		}
		answer(w, code, Answer{Delivery: delivery, Status: "the body cannot be read: " + err.Error()})
		return
	}
	e := &hooks.Event{
		ID: delivery, Type: event, Source: "github", Time: time.Now(),
		Context: map[string]any{keyBody: body, keySignature: r.Header.Get("X-Hub-Signature-256")},
	}

	var v Verdict
	if err := s.loop.Do(func() { v = s.process(r.Context(), e) }); err != nil {
		code, text := status(err)
		answer(w, code, Answer{Delivery: delivery, Status: text})
		return
	}
	code, text := status(v.Err)
	if stored, ok := v.Stored(); ok && stored.Duplicate {
		text = "was stored before"
	}
	answer(w, code, Answer{Delivery: delivery, Execution: v.Report.Execution, Status: text})
}

// status says an error in HTTP. The sender learns the kind of failure; what exactly
// failed is for the log.
func status(err error) (code int, text string) {
	switch {
	case err == nil:
		return http.StatusOK, "stored"
	case errors.Is(err, hooks.ErrRollback):
		return http.StatusInternalServerError, "failed, and not everything could be undone"
	case errors.Is(err, errSignature):
		return http.StatusUnauthorized, errSignature.Error()
	case errors.Is(err, errMalformed):
		return http.StatusBadRequest, errMalformed.Error()
	case errors.Is(err, hooks.ErrStateTooLarge):
		return http.StatusRequestEntityTooLarge, "the event is too large"
	case errors.Is(err, errInFlight):
		return http.StatusConflict, errInFlight.Error()
	case errors.Is(err, errFull), errors.Is(err, hooks.ErrTooManyAbandoned):
		return http.StatusServiceUnavailable, "overloaded; send it again later"
	case errors.Is(err, errClosing), errors.Is(err, hooks.ErrClosed), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, "not finished; send it again later"
	case errors.Is(err, hooks.ErrTimeout):
		return http.StatusGatewayTimeout, "timed out; nothing was stored"
	case errors.Is(err, errNotify):
		return http.StatusBadGateway, "the receiver failed; nothing was stored"
	}
	return http.StatusInternalServerError, "failed; nothing was stored"
}

func answer(w http.ResponseWriter, code int, a Answer) {
	w.Header().Set("Content-Type", "application/json")
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(a) // a sender that has gone needs no answer
}

// Serve serves handler on l until ctx ends, and then drains: it takes no new
// connections and answers the requests that it has. Those not answered when
// patience is over are cut off, which rolls their chains back.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, patience time.Duration) error {
	server := http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	<-failed
	return err
}
