package providers

import "net/http"

// SendAPI sends a request to a URL that API gave. It follows no redirect, obeys
// the connection's ca_file and HTTPS_PROXY, and has no time-out but the
// request's context: answers may stream. The error's text repeats neither the
// URL nor anything that came.
func (c *Client) SendAPI(r *http.Request) (*http.Response, error) {
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, safeCause(err)
	}
	return answer, nil
}
