# The service as a small image: one static binary, no shell, not root.
#
#   docker build -t sluice .
#   docker run --rm -p 3001:3001 sluice serve --demo
#   docker run --rm -p 3001:3001 -v /var/log/mesh:/logs:ro -v sluice:/state sluice \
#     serve --log-root /logs --state-dir /state

FROM golang:1.26 AS build
WORKDIR /src
# The modules first: they change more seldom than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X github.com/sluice-mesh/sluice/internal/cli.version=${VERSION}" \
    -o /out/root/sluice ./cmd/sluice \
 && mkdir -m 1777 /out/root/tmp && mkdir /out/state

FROM scratch
# /tmp is for long bodies while they come in, whoever runs it; a folder keeps its mode
# only as a part of what is copied. A new volume mounted on /state takes over the owner
# of that folder.
COPY --from=build /out/root/ /
COPY --from=build --chown=65532:65532 /out/state /state
USER 65532:65532
EXPOSE 3001
# There is no curl here: the binary asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=2s --retries=3 CMD ["/sluice", "ready"]
ENTRYPOINT ["/sluice"]
CMD ["serve"]
