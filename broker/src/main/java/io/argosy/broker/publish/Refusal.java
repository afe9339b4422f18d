package io.argosy.broker.publish;

import io.argosy.proto.v2.Code;

/** Why a message is not stored. */
record Refusal(Code code, String reason) {}
