package io.argosy.broker.consume;

/**
 * That a message was handed out and not acknowledged. A lease whose time has passed stays as the memory of the attempt.
 *
 * @param attempt of the last hand-out, from 1; 0 if the only hand-out was undone
 * @param visibleAtMillis leader's clock, since 1970: from then on the message may be handed out again
 * @param nonce equal in the receipt handles that are good for this lease; term in the upper half
 * @param clientId who has it
 * @param attemptKey hash of client and attempt_id of the request, 0 if it had none
 * @param autoRenew the client never extends; the lease lasts while the client lives, at most until visibleAtMillis
 */
record Lease(int attempt, long visibleAtMillis, long nonce, String clientId, long attemptKey, boolean autoRenew) {

    Lease visibleAt(long millis) {
        return new Lease(attempt, millis, nonce, clientId, attemptKey, autoRenew);
    }

    Lease withNonce(long fresh) {
        return new Lease(attempt, visibleAtMillis, fresh, clientId, attemptKey, autoRenew);
    }

    /** The message never reached the client: visible at once, and this attempt does not count. */
    Lease undone() {
        return new Lease(attempt - 1, 0, 0, clientId, 0, false);
    }
}
