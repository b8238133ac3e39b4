// A real grpc-gateway in front of a real gRPC server, made from our own .proto files: the peer that shares no
// code with the library. It prints one line of JSON when it serves, and ends when its standard input does.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"

	// So that the gateway can write the details that a backend's errors have.
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
)

// What the backend wants from callers of Customer.
const accessToken = "interop-access-token"

// readyLine is what the launcher reads: test/interop/support/gateway-process.ts.
type readyLine struct {
	Origin      string `json:"origin"`
	ControlURL  string `json:"controlUrl"`
	AccessToken string `json:"accessToken"`
	Certificate string `json:"certificate,omitempty"`
}

func main() {
	log.SetFlags(0)
	settings := frontSettings{}
	flag.BoolVar(&settings.jsonOnly, "json-only", false, "register no marshaler for binary bodies")
	flag.StringVar(&settings.binaryContentType, "binary-content-type", "", "what binary answers are called, if not what ProtoMarshaller calls them")
	flag.StringVar(&settings.unescaping, "unescaping", "legacy", "legacy, all-except-reserved, all-except-slash or all-characters")
	flag.BoolVar(&settings.tls, "tls", false, "serve over TLS")
	flag.BoolVar(&settings.http2, "http2", true, "offer HTTP/2, with -tls")
	flag.BoolVar(&settings.genericResponseErrors, "generic-response-errors", false, "answer errors with a GenericResponse")
	flag.BoolVar(&settings.dropMetadata, "drop-metadata", false, "pass no Grpc-Metadata-* header on, as a stock gateway does since v2.33.0")
	flag.StringVar(&settings.framing, "framing", "lines", "how JSON streams are written: lines, pretty, joined or events")
	flag.Parse()

	calls, steps := newRecord(), newSteps()
	backendAddress, err := startBackend(calls, steps)
	exitOn(err)
	front, err := startFront(settings, backendAddress)
	exitOn(err)
	controlURL, err := startControl(calls, steps)
	exitOn(err)

	exitOn(json.NewEncoder(os.Stdout).Encode(readyLine{
		Origin:      front.origin,
		ControlURL:  controlURL,
		AccessToken: accessToken,
		Certificate: front.certificate,
	}))

	// Whoever started us holds the other end, so it closes even if they are killed.
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
