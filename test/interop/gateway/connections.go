package main

import (
	"net"
	"sync"
)

// connections is a listener that remembers what it accepted, so that one can be closed from above.
type connections struct {
	net.Listener
	open sync.Map // remote address -> net.Conn
}

type rememberedConn struct {
	net.Conn
	forget func()
}

func (c *rememberedConn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// Accept remembers the connection until it is closed.
func (c *connections) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	address := conn.RemoteAddr().String()
	c.open.Store(address, conn)
	return &rememberedConn{Conn: conn, forget: func() { c.open.Delete(address) }}, nil
}

// drop closes the connection that comes from this address, without a word to its other end.
func (c *connections) drop(remote net.Addr) {
	if conn, ok := c.open.LoadAndDelete(remote.String()); ok {
		_ = conn.(net.Conn).Close()
	}
}
