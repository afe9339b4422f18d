/**
 * SendMessage at the leader: validate, choose the queue, propose, answer; duplicates decided at apply.
 */
@NullMarked
package io.argosy.broker.publish;

import org.jspecify.annotations.NullMarked;
