#include "textflag.h"

// func survey(p *byte, quotes *uint64, most int) int
//
// SSE2 only, which every amd64 processor has: nothing is to be detected.
TEXT ·survey(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ quotes+8(FP), DI
	MOVQ most+16(FP), CX
	XORQ R8, R8
	MOVQ $0x2222222222222222, AX // '"'
	MOVQ AX, X8
	PUNPCKLQDQ X8, X8
	MOVQ $0x5c5c5c5c5c5c5c5c, AX // '\\'
	MOVQ AX, X9
	PUNPCKLQDQ X9, X9
	MOVQ $0x2020202020202020, AX // ' '
	MOVQ AX, X10
	PUNPCKLQDQ X10, X10

next:
	CMPQ R8, CX
	JGE  done
	MOVOU 0(SI), X0
	MOVOU 16(SI), X1
	MOVOU 32(SI), X2
	MOVOU 48(SI), X3

	// X4 gathers what is special. As signed bytes, both control characters and
	// those over 0x7f are less than a space.
	MOVO X10, X4
	PCMPGTB X0, X4
	MOVO X10, X5
	PCMPGTB X1, X5
	POR  X5, X4
	MOVO X10, X6
	PCMPGTB X2, X6
	POR  X6, X4
	MOVO X10, X7
	PCMPGTB X3, X7
	POR  X7, X4
	MOVO X9, X5
	PCMPEQB X0, X5
	POR  X5, X4
	MOVO X9, X6
	PCMPEQB X1, X6
	POR  X6, X4
	MOVO X9, X7
	PCMPEQB X2, X7
	POR  X7, X4
	MOVO X9, X5
	PCMPEQB X3, X5
	POR  X5, X4

	// The quotes, a bit for each byte.
	PCMPEQB X8, X0
	PCMPEQB X8, X1
	PCMPEQB X8, X2
	PCMPEQB X8, X3
	PMOVMSKB X0, AX
	PMOVMSKB X1, BX
	PMOVMSKB X2, DX
	PMOVMSKB X3, R9
	SHLQ $16, BX
	SHLQ $32, DX
	SHLQ $48, R9
	ORQ  BX, AX
	ORQ  R9, DX
	ORQ  DX, AX
	MOVQ AX, (DI)(R8*8)

	PMOVMSKB X4, BX
	TESTL BX, BX
	JNZ  done
	INCQ R8
	ADDQ $64, SI
	JMP  next

done:
	MOVQ R8, ret+24(FP)
	RET
