package main

import (
	"encoding/json"
	"net/http"
)

// cut ends the response of a stream early: after some messages, and some bytes of the next one. Over HTTP/1.1 that closes the
// connection, over HTTP/2 it resets the stream.
type cut struct {
	After int `json:"after"`
	Bytes int `json:"bytes"`
}

// withCut gives a writer that cuts its response where the plan of the call says so.
func withCut(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	var p plan
	for _, text := range r.Header.Values("Grpc-Metadata-X-Test-Plan") {
		_ = json.Unmarshal([]byte(text), &p) // the backend answers with what is wrong
	}
	if p.Cut == nil {
		return w
	}
	return &cutWriter{ResponseWriter: w, cut: *p.Cut}
}

type cutWriter struct {
	http.ResponseWriter
	cut     cut
	flushed int
}

// Unwrap is for http.ResponseController.
func (w *cutWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *cutWriter) Write(data []byte) (int, error) {
	if w.flushed < w.cut.After {
		return w.ResponseWriter.Write(data)
	}
	_, _ = w.ResponseWriter.Write(data[:min(w.cut.Bytes, len(data))])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// FlushError counts messages: a gateway flushes after each.
func (w *cutWriter) FlushError() error {
	w.flushed++
	return http.NewResponseController(w.ResponseWriter).Flush()
}
