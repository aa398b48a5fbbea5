package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A payer is the shop's client of the payment provider.
type payer struct {
	url    string
	client *http.Client
}

func newPayer(url string) *payer {
	return &payer{url: url, client: &http.Client{Transport: &http.Transport{}}}
}

// A receipt is what the provider says of a charge that it made.
type receipt struct {
	ID       string
	Amount   Cents
	Replayed bool // the provider had made the charge before, and gave its old answer
}

// What a charge can end in, besides a receipt. Of every other error nobody knows
// whether the card was charged.
var (
	errDeclined = errors.New("card declined")        // it was not charged
	errNotSent  = errors.New("provider unreachable") // nor was it even asked
	errRefused  = errors.New("malformed request")    // nor was it then
)

// charge charges a card, once per key however often it is called. If the connection
// breaks it asks again, once, under the same key: that is what keys are for.
func (p *payer) charge(ctx context.Context, key, order, card string, amount Cents) (receipt, error) {
	form := url.Values{"amount": {strconv.FormatInt(int64(amount), 10)}, "source": {card}, "order": {order}}
	status, body, replayed, err := p.post(ctx, "/v1/charges", key, form)
	if err != nil && ctx.Err() == nil && !errors.Is(err, errNotSent) {
		status, body, replayed, err = p.post(ctx, "/v1/charges", key, form)
	}
	switch {
	case err != nil:
		return receipt{}, err
	case status == http.StatusOK:
		return receipt{body["id"], amount, replayed}, nil
	case status == http.StatusPaymentRequired:
		return receipt{}, fmt.Errorf("%w: %s", errDeclined, strings.ReplaceAll(body["error"], "_", " "))
	case status == http.StatusBadRequest:
		return receipt{}, fmt.Errorf("%w: %s", errRefused, body["error"])
	}
	return receipt{}, fmt.Errorf("the provider answered %d", status)
}

// refund refunds what was charged under key, if anything was or will be. It asks again
// while the provider is in trouble, for as long as ctx allows.
func (p *payer) refund(ctx context.Context, key string) error {
	for {
		status, _, _, err := p.post(ctx, "/v1/refunds", "", url.Values{"key": {key}})
		switch {
		case err != nil:
			return fmt.Errorf("refund: %w", err)
		case status == http.StatusOK:
			return nil
		case status < http.StatusInternalServerError:
			return fmt.Errorf("refund: the provider answered %d", status)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("refund: the provider answered %d until time was up: %w", status, ctx.Err())
		}
	}
}

// standing asks what is known of a card.
func (p *payer) standing(ctx context.Context, card string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/v1/cards/"+url.PathEscape(card), nil)
	if err != nil {
		return "", err
	}
	status, body, _, err := p.do(req)
	switch {
	case err != nil:
		return "", err
	case status != http.StatusOK:
		return "", fmt.Errorf("the provider answered %d", status)
	}
	return body["standing"], nil
}

func (p *payer) post(ctx context.Context, path, key string, form url.Values) (
	status int, body map[string]string, replayed bool, err error,
) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, false, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return p.do(req)
}

func (p *payer) do(req *http.Request) (status int, body map[string]string, replayed bool, err error) {
	res, err := p.client.Do(req)
	if err != nil {
		return 0, nil, false, sending(req.Context(), err)
	}
	defer func() { _ = res.Body.Close() }()
	err = json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&body)
	if err != nil {
		return 0, nil, false, fmt.Errorf("the provider's answer broke off: %w", err)
	}
	return res.StatusCode, body, res.Header.Get("Idempotent-Replayed") != "", nil
}

// sending says what went wrong with a request, without the address, which is another
// in every run.
func sending(ctx context.Context, err error) error {
	var op *net.OpError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("no answer from the provider: %w", ctx.Err())
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("%w: %w", errNotSent, op.Err)
	}
	return fmt.Errorf("the connection broke after the request was sent: %w", errors.Unwrap(err))
}

func (p *payer) close() { p.client.CloseIdleConnections() }
