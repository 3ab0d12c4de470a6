package crgen
