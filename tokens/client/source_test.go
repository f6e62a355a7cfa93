package client_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens/client"
)

func TestSourceHandsOutWhatTheAgentHas(t *testing.T) {
	a := startAgent(t)
	source := client.TokenSource("work")
	token, err := source.Token()
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	if token.AccessToken != "token-1" || token.Type() != "Bearer" || !token.Expiry.Equal(want) {
		t.Errorf("%+v", token)
	}
	if token.Extra("account") != "ada" || token.Extra("instance_url") != "https://i.example" {
		t.Errorf("extras: %v, %v", token.Extra("account"), token.Extra("instance_url"))
	}
	if met, ok := token.Extra("min_valid_met").(bool); !ok || !met {
		t.Errorf("a token that lasts: min_valid_met is %v", token.Extra("min_valid_met"))
	}
	a.short = true
	if token, _ = source.Token(); token.Extra("min_valid_met") != false {
		t.Errorf("a token that does not last: min_valid_met is %v", token.Extra("min_valid_met"))
	}
	a.number = 2
	if token, _ = source.Token(); token.AccessToken != "token-2" {
		t.Errorf("kept %s instead of asking", token.AccessToken)
	}
}

func TestSourceSaysWhyThereIsNoToken(t *testing.T) {
	startAgent(t)
	_, err := client.TokenSource("play").Token()
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "unknown_connection" || p.Hint != "authtray status" || p.Status != 404 {
		t.Errorf("%v", err)
	}
	if !strings.Contains(err.Error(), "There is no connection play.") {
		t.Errorf("%v", err)
	}
}

func TestSourceTellsThatNoAgentRuns(t *testing.T) {
	t.Setenv("AUTHTRAY_SOCKET", filepath.Join(t.TempDir(), "none"))
	if _, err := client.TokenSource("work").Token(); !errors.Is(err, client.ErrNoAgent) {
		t.Errorf("%v", err)
	}
}

func TestSourceGivesUpWithItsContext(t *testing.T) {
	startAgent(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.TokenSourceContext(ctx, "work").Token(); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
