package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// cards are the tokens that the provider knows, and what happens to a charge. As with
// the test cards of a real provider, the token decides.
var cards = map[string]string{
	"tok_visa":       "is charged",
	"tok_mastercard": "is charged",
	"tok_declined":   "is declined: 402",
	"tok_no_funds":   "is declined: 402",
	"tok_flaky":      "is charged; the first answer is lost on the way",
	"tok_500":        "is answered by 500, and not charged",
	"tok_500_booked": "is answered by 500, and charged; the first refund gets a 503",
	"tok_reset":      "is charged; the connection is cut before any answer",
	"tok_hang":       "is never answered, and not charged",
	"tok_slow":       "is charged some time after the client has given up",
	"tok_stolen":     "is charged, but was reported stolen, which the provider tells those who ask",
	"wallet_visa":    "is charged; the wallet's client library takes no context",
}

// A movement is a line of the provider's statement.
type movement struct {
	Key    string // the charge's idempotency key
	Order  string
	Amount Cents // negative: a refund
}

// back returns the movement that refunds m.
func (m movement) back() movement { return movement{m.Key, m.Order, -m.Amount} }

// A provider is a payment provider: an HTTP server on the loopback interface.
//
//	POST /v1/charges  amount, source, order      200 {"id": …}, 402 {"error": …}, 500, …
//	POST /v1/refunds  key                        200 {"id": …}, 503
//	GET  /v1/cards/…                             200 {"standing": …}, 404
//
// A charge carries an Idempotency-Key. The first answer for a key is kept and given
// again to whoever asks again, with the header Idempotent-Replayed; a key that comes
// with other parameters is an error.
//
// A refund names the charge by its key, since a client that never got an answer knows
// nothing else, and refunds a key at most once. It may overtake its charge: the
// provider remembers it then, and a charge that arrives for a refunded key is booked
// and refunded at once, so that it comes to 0. (A provider that cannot do this leaves
// its clients to look again later, and again.)
type provider struct {
	URL    string
	server *http.Server

	mu        sync.Mutex
	answers   map[string]*answer // by idempotency key
	refunded  map[string]bool    // keys that are refunded, or will be when they arrive
	statement []movement
}

// An answer is what the first request with some key got.
type answer struct {
	asked    movement
	card     string
	finished bool
	booked   bool // the card was charged
	stumbled bool // a refund was answered by 503
	status   int
	body     map[string]any
}

// startProvider starts the server on a free port.
func startProvider() (*provider, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("payment provider: %w", err)
	}
	p := &provider{
		URL:      "http://" + listener.Addr().String(),
		answers:  map[string]*answer{},
		refunded: map[string]bool{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/charges", p.charge)
	mux.HandleFunc("POST /v1/refunds", p.refund)
	mux.HandleFunc("GET /v1/cards/{card}", standing)
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := p.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("payment provider: %v", err)
		}
	}()
	return p, nil
}

// stop waits for the charges that are still under way, ends the server and returns its
// statement.
func (p *provider) stop(ctx context.Context) ([]movement, error) {
	if err := p.server.Shutdown(ctx); err != nil {
		return nil, fmt.Errorf("payment provider: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.statement, nil
}

func (p *provider) charge(w http.ResponseWriter, r *http.Request) {
	key, order, card := r.Header.Get("Idempotency-Key"), r.FormValue("order"), r.FormValue("source")
	amount, err := strconv.ParseInt(r.FormValue("amount"), 10, 64)
	if err != nil || key == "" || order == "" || cards[card] == "" {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	a, first := p.begin(w, movement{key, order, Cents(amount)}, card)
	switch {
	case a == nil:
		return
	case first:
		if !p.decide(r, a) {
			return
		}
	default:
		w.Header().Set("Idempotent-Replayed", "true")
	}
	if card == "tok_reset" || card == "tok_flaky" && first {
		panic(http.ErrAbortHandler) // cuts the connection
	}
	reply(w, a.status, a.body)
}

// begin finds the answer for a charge's key, or makes a new one and says that this is
// the first request. It returns nil if it has replied by itself.
func (p *provider) begin(w http.ResponseWriter, asked movement, card string) (a *answer, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch a := p.answers[asked.Key]; {
	case a == nil:
		a = &answer{asked: asked, card: card}
		p.answers[asked.Key] = a
		return a, true
	case a.asked != asked || a.card != card:
		reply(w, http.StatusBadRequest, map[string]any{"error": "idempotency_key_reused"})
		return nil, false
	case !a.finished:
		reply(w, http.StatusConflict, map[string]any{"error": "idempotency_key_in_use"})
		return nil, false
	default:
		return a, false
	}
}

// decide takes its time, books the charge or does not, and sets the answer. It reports
// false if there will never be one.
func (p *provider) decide(r *http.Request, a *answer) bool {
	key := a.asked.Key
	time.Sleep(latency(key)) // goes on though the client may hang up: the request is here
	switch a.card {
	case "tok_hang":
		<-r.Context().Done() // until the client hangs up
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.answers, key)
		return false
	case "tok_slow":
		<-r.Context().Done() // the client has given up; the bank has not
		time.Sleep(120 * time.Millisecond)
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	a.finished = true
	set := func(status int, name string, value any) {
		a.status, a.body = status, map[string]any{name: value}
	}
	switch a.card {
	case "tok_declined":
		set(http.StatusPaymentRequired, "error", "do_not_honor")
		return true
	case "tok_no_funds":
		set(http.StatusPaymentRequired, "error", "insufficient_funds")
		return true
	case "tok_500":
		set(http.StatusInternalServerError, "error", "internal")
		return true
	case "tok_500_booked":
		set(http.StatusInternalServerError, "error", "internal")
	default:
		set(http.StatusOK, "id", fmt.Sprintf("ch_%08x", hash(key)))
	}
	a.booked = true
	p.statement = append(p.statement, a.asked)
	if p.refunded[key] { // the refund was faster
		p.statement = append(p.statement, a.asked.back())
		set(http.StatusPaymentRequired, "error", "refunded_before_it_arrived")
	}
	return true
}

func (p *provider) refund(w http.ResponseWriter, r *http.Request) {
	key := r.FormValue("key")
	if key == "" {
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.answers[key]
	if a != nil && a.card == "tok_500_booked" && !a.stumbled {
		a.stumbled = true
		reply(w, http.StatusServiceUnavailable, map[string]any{"error": "try_again"})
		return
	}
	if a != nil && a.booked && !p.refunded[key] {
		p.statement = append(p.statement, a.asked.back())
	}
	p.refunded[key] = true
	reply(w, http.StatusOK, map[string]any{"id": fmt.Sprintf("re_%08x", hash(key))})
}

// standing says what is known of a card, besides whether it can be charged.
func standing(w http.ResponseWriter, r *http.Request) {
	card := r.PathValue("card")
	if cards[card] == "" {
		reply(w, http.StatusNotFound, map[string]any{"error": "no_such_card"})
		return
	}
	time.Sleep(latency(card))
	known := goodStanding
	if card == "tok_stolen" {
		known = "reported stolen"
	}
	reply(w, http.StatusOK, map[string]any{"standing": known})
}

// goodStanding is that of a card of which nothing bad is known.
const goodStanding = "good"

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // the client has gone; that is its own loss
	}
}

// latency is how long the provider takes over a charge or a question, 5 to 30 ms.
func latency(key string) time.Duration {
	return 5*time.Millisecond + time.Duration(hash(key)%25)*time.Millisecond
}

func hash(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum32()
}
