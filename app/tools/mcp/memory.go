package mcp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/text"
)

// Remembered is what a server said last. It is kept for each connection, in the state
// folder, and holds no secret; all of it is foreign text.
type Remembered struct {
	Initialize json.RawMessage `json:"initialize,omitempty"`
	Discover   json.RawMessage `json:"server/discover,omitempty"`
	Tools      []string        `json:"tools,omitempty"` // the names that it listed
}

// Memory is where that is kept.
func Memory(state string) config.Records[Remembered] {
	return config.NewRecords[Remembered](state, "mcp")
}

// Limits of what is kept: a result's length in bytes, and how many tools.
const (
	maxRemembered = 256 << 10
	maxTools      = 500
)

// Server is the name that the server gives itself.
func (m Remembered) Server() string {
	for _, result := range []json.RawMessage{m.Initialize, m.Discover} {
		var is struct {
			Info struct {
				Name  string `json:"name"`
				Title string `json:"title"`
			} `json:"serverInfo"`
		}
		if json.Unmarshal(result, &is) == nil && is.Info.Name != "" {
			return text.Line(cmp.Or(is.Info.Title, is.Info.Name), 80)
		}
	}
	return ""
}

// of is where the result of a method has its place; nil: it has none.
func (m *Remembered) of(method string) *json.RawMessage {
	switch method {
	case "initialize":
		return &m.Initialize
	case "server/discover":
		return &m.Discover
	}
	return nil
}

// remembered is the last result of a method, or nil.
func (b *bridge) remembered(method string) json.RawMessage {
	m, _, err := b.Memory.Load(b.Name)
	if err != nil {
		return nil
	}
	return *m.of(method)
}

// remember keeps a result; nil forgets it. One that holds the token is not kept.
func (b *bridge) remember(method string, result json.RawMessage) {
	if len(result) > maxRemembered || b.holdsToken(string(result)) {
		result = nil
	}
	b.keep(func(m *Remembered) { *m.of(method) = result })
}

// rememberTools keeps the names of a list of tools. first: it is the list's first
// page.
func (b *bridge) rememberTools(result json.RawMessage, first bool) {
	var list struct {
		Tools []struct {
			Name string `json:"name"`
		} `json:"tools"`
	}
	if json.Unmarshal(result, &list) != nil {
		return
	}
	b.keep(func(m *Remembered) {
		if first {
			m.Tools = nil
		}
		for _, tool := range list.Tools {
			if name := shown(tool.Name); name != "" && len(m.Tools) < maxTools && !slices.Contains(m.Tools, name) && !b.holdsToken(name) {
				m.Tools = append(m.Tools, name)
			}
		}
	})
}

func (b *bridge) holdsToken(text string) bool {
	token := b.lastToken()
	return token != "" && strings.Contains(text, token)
}

// keep changes what is remembered. A file that cannot be written costs nothing but
// the memory.
func (b *bridge) keep(change func(*Remembered)) {
	b.remembering.Lock()
	defer b.remembering.Unlock()
	was, _, err := b.Memory.Load(b.Name)
	now := was
	if err != nil {
		now = Remembered{}
	}
	now.Tools = slices.Clone(now.Tools)
	change(&now)
	if err == nil && same(was.Initialize, now.Initialize) && same(was.Discover, now.Discover) && slices.Equal(was.Tools, now.Tools) {
		return
	}
	if b.Memory.Save(b.Name, now) == nil {
		b.attend()
	}
	Shed()
}

// same reports whether two results are the same but for white space.
func same(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	_, _ = json.Compact(&x, a), json.Compact(&y, b)
	return bytes.Equal(x.Bytes(), y.Bytes())
}

// lists are the capabilities whose lists can change.
var lists = []string{"tools", "prompts", "resources"}

// changeable is a result with listChanged in each of its lists, since the client is
// told of a change when the server can be asked again.
func changeable(result json.RawMessage) json.RawMessage {
	var whole map[string]json.RawMessage
	if json.Unmarshal(result, &whole) != nil {
		return result
	}
	capabilities := map[string]json.RawMessage{}
	if json.Unmarshal(whole["capabilities"], &capabilities) != nil {
		return result
	}
	for _, list := range lists {
		offer := map[string]any{}
		if capabilities[list] == nil || json.Unmarshal(capabilities[list], &offer) != nil {
			continue
		}
		offer["listChanged"] = true
		capabilities[list] = mustJSON(offer)
	}
	whole["capabilities"] = mustJSON(capabilities)
	return mustJSON(whole)
}

// firstTime is the answer to initialize where the server has never been asked.
func firstTime(name, version, program string) json.RawMessage {
	listChanged := map[string]bool{"listChanged": true}
	return mustJSON(map[string]any{
		"protocolVersion": version,
		"capabilities":    map[string]any{"tools": listChanged, "prompts": listChanged, "resources": listChanged},
		"serverInfo":      map[string]string{"name": name, "version": program},
	})
}

// offers are the capabilities that a result names.
func offers(result json.RawMessage) map[string]bool {
	var r struct {
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	if json.Unmarshal(result, &r) != nil {
		return nil
	}
	all := map[string]bool{}
	for name, value := range r.Capabilities {
		all[name] = string(value) != "null"
	}
	return all
}

// mustJSON is for what has been made of JSON, or of strings.
func mustJSON(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
