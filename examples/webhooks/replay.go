package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A Post is one webhook of a replay: what was sent, what was answered, and what the
// service reported.
type Post struct {
	File, Event, Delivery string
	Body                  []byte
	Forged                bool // the signature is wrong

	Code    int
	Answer  Answer
	Verdict Verdict
}

// A Run is all that a replay has to report and to check.
type Run struct {
	First     []*Post // each file once
	Again     []*Post // what was stored, once more: duplicates
	Hostile   []*Post // forged, or cut short and signed
	FirstTook time.Duration
}

// Posts returns all posts, in the order of the three passes.
func (r *Run) Posts() []*Post {
	return append(append(append([]*Post(nil), r.First...), r.Again...), r.Hostile...)
}

// Replay starts the service, posts the files of dir to it in three passes, stops
// it, writes the figures to w and returns an error if anything does not agree.
func Replay(ctx context.Context, dir string, l net.Listener, s Settings, receiver *Receiver, w io.Writer) error {
	var run Run
	var err error
	if run.First, err = load(dir); err != nil {
		return err
	}
	var mu sync.Mutex
	verdicts := map[string]Verdict{} // by execution
	s.TrackChanges = true
	s.Observe = func(v Verdict) {
		mu.Lock()
		defer mu.Unlock()
		verdicts[v.Report.Execution] = v
	}
	service, err := NewService(s)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- Serve(serving, l, service, patience) }()

	client := poster{
		url: "http://" + l.Addr().String() + "/", secret: s.Secret, parallel: 2 * s.Workers,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * s.Workers}},
	}
	start := time.Now()
	err = client.all(ctx, run.First)
	run.FirstTook = time.Since(start)
	if err == nil {
		run.Again, run.Hostile = again(run.First), hostile(run.First)
		err = errors.Join(client.all(ctx, run.Again), client.all(ctx, run.Hostile))
	}
	client.client.CloseIdleConnections()

	// Stop before looking: Close waits for what is undone late.
	stop()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := errors.Join(err, <-served, service.Close(drain)); err != nil {
		return err
	}
	for _, p := range run.Posts() {
		p.Verdict = verdicts[p.Answer.Execution]
	}
	run.print(w, service.Metrics())
	return run.audit(drain, w, s.Store, receiver, service.Metrics())
}

// load reads the JSON files of a folder. The event is the name up to the first dot,
// the delivery the whole name.
func load(dir string) ([]*Post, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var posts []*Post
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(file)
		event, _, _ := strings.Cut(name, ".")
		posts = append(posts, &Post{File: name, Event: event, Delivery: strings.TrimSuffix(name, ".json"), Body: body})
	}
	if posts == nil {
		return nil, fmt.Errorf("no JSON files in %s", dir)
	}
	return posts, nil
}

func again(posts []*Post) (more []*Post) {
	for _, p := range posts {
		if p.Code == http.StatusOK {
			more = append(more, &Post{File: p.File, Event: p.Event, Delivery: p.Delivery, Body: p.Body})
		}
	}
	return more
}

// hostile makes of each post one that must be refused: by turns a whole body with a
// wrong signature, and half a body with the right one.
func hostile(posts []*Post) (more []*Post) {
	for i, p := range posts {
		bad := &Post{File: p.File, Event: p.Event, Delivery: "hostile-" + p.Delivery, Body: p.Body, Forged: i%2 == 0}
		if !bad.Forged {
			bad.Body = p.Body[:len(p.Body)/2]
		}
		more = append(more, bad)
	}
	return more
}

// A poster posts webhooks, some at a time.
type poster struct {
	url      string
	secret   []byte
	client   *http.Client
	parallel int
}

func (c *poster) all(ctx context.Context, posts []*Post) error {
	var wg sync.WaitGroup
	errs := make([]error, len(posts))
	slots := make(chan struct{}, c.parallel)
	for i, p := range posts {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = c.post(ctx, p)
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c *poster) post(ctx context.Context, p *Post) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(p.Body))
	if err != nil {
		return err
	}
	signature := sign(c.secret, p.Body)
	if p.Forged {
		signature = sign([]byte("guessed"), p.Body)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", p.Event)
	req.Header.Set("X-GitHub-Delivery", p.Delivery)
	req.Header.Set("X-Hub-Signature-256", signature)
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	p.Code = resp.StatusCode
	return json.NewDecoder(resp.Body).Decode(&p.Answer)
}
