// Command webhooks is an HTTP server that takes signed webhooks, as GitHub sends
// them, and runs a chain of hooks on each: verify the signature, decode the body,
// redact addresses and secrets, enrich, store in a database file, notify another
// program. Either all of it happens or nothing does: if the notification fails,
// hangs or gets no answer, the row is taken back and the sender hears so.
//
// The program to be notified is part of the command, on another port, and fails on
// purpose for some kinds of events.
//
// With -dir it posts every JSON file of a folder to itself and says how it went; it
// exits with status 1 if database, receiver, answers and reports do not agree.
// Otherwise it serves until it is interrupted, and then drains:
//
//	go run . -addr 127.0.0.1:8080 &
//	body='{"action":"opened","sender":{"login":"ann","email":"ann@example.com"}}'
//	curl -d "$body" -H 'X-GitHub-Event: issues' -H 'X-GitHub-Delivery: 1' \
//	     -H "X-Hub-Signature-256: sha256=$(printf %s "$body" | openssl dgst -sha256 -hmac development | cut -d' ' -f2)" \
//	     http://127.0.0.1:8080/
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.uber.org/zap"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	if err := run(ctx); err != nil {
		log.Fatal("webhooks: ", err)
	}
}

// patience is how long a drain waits for what is under way.
const patience = 15 * time.Second

func run(ctx context.Context) (err error) {
	var (
		addr    = flag.String("addr", "127.0.0.1:0", "address to listen on")
		path    = flag.String("db", "", `database file; by default "webhooks.db", and with -dir a temporary one`)
		dir     = flag.String("dir", "", "post the JSON files of this folder, each named event.anything.json, and report")
		workers = flag.Int("workers", 4, "chains run at a time")
		queue   = flag.Int("queue", 64, "webhooks waiting for a worker; more are answered 503")
		timeout = flag.Duration("notify-timeout", 300*time.Millisecond, "limit of one notification")
	)
	flag.Parse()
	secret := []byte(cmp.Or(os.Getenv("WEBHOOK_SECRET"), "development"))

	if *path == "" && *dir != "" {
		temp, err := os.MkdirTemp("", "webhooks")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temp)
		*path = filepath.Join(temp, "webhooks.db")
	}
	store, err := OpenStore(ctx, cmp.Or(*path, "webhooks.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	receiver, err := NewReceiver(FaultOf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, receiver.Close(context.WithoutCancel(ctx))) }()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}

	settings := Settings{
		Store: store, Secret: secret, Workers: *workers, Queue: *queue,
		Notifier: &Notifier{
			Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *workers}},
			URL:    receiver.URL(), Timeout: *timeout,
		},
	}
	if *dir != "" {
		return Replay(ctx, *dir, listener, settings, receiver, os.Stdout)
	}
	if settings.Logger, err = zap.NewProduction(); err != nil {
		return err
	}
	service, err := NewService(settings)
	if err != nil {
		return err
	}
	fmt.Printf("serving on http://%s, notifying %s; interrupt to end\n", listener.Addr(), receiver.URL())
	err = Serve(ctx, listener, service, patience)
	fmt.Println("drained")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(err, service.Close(ctx))
}
