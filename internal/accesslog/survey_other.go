//go:build !amd64

package accesslog

func survey(p *byte, quotes *uint64, most int) int { return surveyGeneric(p, quotes, most) }
