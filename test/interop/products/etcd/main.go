// An etcd server as its module embeds it, unmodified, with an empty data directory. It prints one line of JSON when it
// serves, and ends when its standard input does.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/url"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	log.SetFlags(0)
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

func serve() error {
	dir, err := os.MkdirTemp("", "etcd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	loopback := url.URL{Scheme: "http", Host: "127.0.0.1:0"}
	config := embed.NewConfig()
	config.Dir = filepath.Join(dir, "data")
	config.LogLevel = "error"
	config.ListenPeerUrls = []url.URL{loopback}
	config.AdvertisePeerUrls = []url.URL{loopback}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// etcd's gateway connects to the gRPC address in its config, so that cannot be port 0.
	config.ListenClientUrls = []url.URL{{Scheme: "unix", Path: filepath.Join(dir, "grpc")}}
	config.ListenClientHttpUrls = []url.URL{loopback}
	config.AdvertiseClientUrls = []url.URL{loopback}

	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer etcd.Close()
	<-etcd.Server.ReadyNotify()

	for _, listener := range etcd.Clients {
		if address := listener.Addr(); address.Network() == "tcp" {
			ready := map[string]string{"origin": "http://" + address.String()}
			if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
				return err
			}
		}
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
