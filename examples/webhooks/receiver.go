package main

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"maps"
	"net"
	"net/http"
	"sync"
)

// A Fault is what a Receiver does wrong.
type Fault string

const (
	FaultNone   Fault = "none"
	FaultRefuse Fault = "refuses" // answers 403; the note is not taken
	FaultBreak  Fault = "breaks"  // answers 500; the note is not taken, but who knows
	FaultHang   Fault = "hangs"   // takes the note and never answers
	FaultCut    Fault = "cuts"    // takes the note and cuts the connection
)

// FaultOf gives a fifth of all kinds of events a fault, always the same one.
func FaultOf(event string) Fault {
	h := fnv.New32a()
	h.Write([]byte(event))
	switch h.Sum32() % 20 {
	case 0:
		return FaultRefuse
	case 1:
		return FaultBreak
	case 2:
		return FaultHang
	case 3:
		return FaultCut
	}
	return FaultNone
}

// A Receiver is the other side of a Notifier: an HTTP endpoint that takes notes and
// takes them back, once for each idempotency key, and fails on purpose.
type Receiver struct {
	fault  func(event string) Fault
	server http.Server
	url    string
	served chan struct{}
	closed context.Context // ends the requests that hang
	close  context.CancelFunc

	mu    sync.Mutex
	taken map[string]Note     // by key
	dead  map[string]struct{} // keys that were taken back
}

// NewReceiver starts a receiver on a free port of the loopback interface.
func NewReceiver(fault func(event string) Fault) (*Receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Receiver{
		fault: fault, url: "http://" + l.Addr().String() + "/notes", served: make(chan struct{}),
		taken: map[string]Note{}, dead: map[string]struct{}{},
	}
	r.closed, r.close = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notes", r.take)
	mux.HandleFunc("DELETE /notes", r.takeBack)
	r.server.Handler = mux
	go func() {
		defer close(r.served)
		_ = r.server.Serve(l)
	}()
	return r, nil
}

// URL is where notes go.
func (r *Receiver) URL() string { return r.url }

// Taken returns the notes that were taken and not taken back, by key, and how many
// keys were taken back.
func (r *Receiver) Taken() (notes map[string]Note, takenBack int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.taken), len(r.dead)
}

// Close ends what hangs and stops the receiver.
func (r *Receiver) Close(ctx context.Context) error {
	r.close()
	err := r.server.Shutdown(ctx)
	<-r.served
	return err
}

func (r *Receiver) take(w http.ResponseWriter, req *http.Request) {
	var note Note
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, 1<<16)).Decode(&note); err != nil {
		http.Error(w, "malformed", http.StatusBadRequest)
		return
	}
	fault := r.fault(note.Event)
	switch fault {
	case FaultRefuse:
		http.Error(w, "refused", http.StatusForbidden)
		return
	case FaultBreak:
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	if !r.keep(req.Header.Get("Idempotency-Key"), note) {
		http.Error(w, "taken back", http.StatusGone)
		return
	}
	switch fault {
	case FaultHang:
		select {
		case <-req.Context().Done(): // the client has given up
		case <-r.closed.Done():
		}
		panic(http.ErrAbortHandler) // which net/http answers by cutting the connection
	case FaultCut:
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusNoContent)
}

// keep takes a note unless its key is dead.
func (r *Receiver) keep(key string, note Note) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, dead := r.dead[key]; dead {
		return false
	}
	r.taken[key] = note
	return true
}

func (r *Receiver) takeBack(w http.ResponseWriter, req *http.Request) {
	key := req.Header.Get("Idempotency-Key")
	r.mu.Lock()
	delete(r.taken, key)
	r.dead[key] = struct{}{}
	r.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}
