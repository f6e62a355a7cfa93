package agent

import (
	"maps"
	"slices"
	"sync"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/tools/mcp"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// mcpServers is what is known of the MCP servers of connections: what a bridge kept
// of what they said, and which clients have a bridge to them now.
type mcpServers struct {
	records       config.Records[mcp.Remembered]
	configuration *configuration
	changed       func(name string) // a connection is to be shown again

	mu      sync.Mutex
	clients map[string]map[*string]struct{} // by connection; what they call themselves
}

// leadsTo reports whether a connection leads to an MCP server, by its file or by its
// provider's entry.
func (m *mcpServers) leadsTo(name string) bool {
	client := m.configuration.client(name)
	return client != nil && client.Connection().MCP != ""
}

// attend shows a client as connected until leave is called.
func (m *mcpServers) attend(name, client string) (leave func(), err error) {
	if !m.leadsTo(name) {
		return nil, &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: "There is no connection of that name to an MCP server."}
	}
	client = text.Line(client, 60)
	m.mu.Lock()
	if m.clients == nil {
		m.clients = map[string]map[*string]struct{}{}
	}
	if m.clients[name] == nil {
		m.clients[name] = map[*string]struct{}{}
	}
	m.clients[name][&client] = struct{}{}
	m.mu.Unlock()
	m.changed(name)
	return func() {
		m.mu.Lock()
		if delete(m.clients[name], &client); len(m.clients[name]) == 0 {
			delete(m.clients, name)
		}
		m.mu.Unlock()
		m.changed(name)
	}, nil
}

// of is nil for a connection to something else.
func (m *mcpServers) of(name string) *api.MCP {
	if !m.leadsTo(name) {
		return nil
	}
	said, _, _ := m.records.Load(name) // one that cannot be read is written anew by the next bridge
	now := &api.MCP{Server: said.Server(), Tools: said.Tools}
	m.mu.Lock()
	defer m.mu.Unlock()
	for client := range maps.Keys(m.clients[name]) {
		now.Clients = append(now.Clients, *client)
	}
	slices.Sort(now.Clients)
	return now
}
