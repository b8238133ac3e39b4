package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"
)

// How long a wait lasts before it is answered with what there is.
const longPoll = 30 * time.Second

// startControl serves the record on a port of its own, where nothing else can disturb it.
func startControl(calls *record, steps steps) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		now, _ := calls.now()
		writeJSON(w, now)
	})
	mux.HandleFunc("POST /clear", func(w http.ResponseWriter, _ *http.Request) {
		calls.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /step", func(w http.ResponseWriter, r *http.Request) {
		count, err := strconv.Atoi(r.URL.Query().Get("count"))
		if err != nil {
			http.Error(w, "count: a number is wanted", http.StatusBadRequest)
			return
		}
		steps.add(count)
		w.WriteHeader(http.StatusNoContent)
	})
	// Answers once the record is newer than the version `after`.
	mux.HandleFunc("GET /calls/wait", func(w http.ResponseWriter, r *http.Request) {
		after, err := strconv.Atoi(r.URL.Query().Get("after"))
		if err != nil {
			http.Error(w, "after: a version is wanted", http.StatusBadRequest)
			return
		}
		timeout := time.After(longPoll)
		for {
			now, changed := calls.now()
			if now.Version > after {
				writeJSON(w, now)
				return
			}
			select {
			case <-changed:
			case <-timeout:
				writeJSON(w, now)
				return
			case <-r.Context().Done():
				return
			}
		}
	})
	go func() { exitOn(http.Serve(listener, mux)) }()
	return "http://" + listener.Addr().String(), nil
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // fails only if the reader has gone
}
