package api

import (
	"log"
	"strings"

	"github.com/sirupsen/logrus"
)

// ErrorLog is what an http.Server complains to (connections that cannot be accepted,
// a handler's mistake): it takes nothing but the standard library's logger, which
// would write plain text between our lines of JSON.
func ErrorLog(to *logrus.Logger) *log.Logger { return log.New(complaints{to}, "", 0) }

// complaints are lines of net/http's, one a Write.
type complaints struct{ to *logrus.Logger }

func (c complaints) Write(p []byte) (int, error) {
	c.to.WithField("from", "net/http").Warn(strings.TrimSpace(string(p)))
	return len(p), nil
}
