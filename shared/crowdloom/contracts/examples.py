"""Values that the examples of events share."""

REQUESTER = "req_01kb1y5q3w0f8y2v6m4c9r7t1x"
PROJECT = "prj_01kb1y5q3w3t5n8k2p6d4h9s7b"
BATCH = "bat_01kb1y5q3w7m2x9c4v8z6r1f5g"
TASK = "tsk_01kb1y5q3w5k8w3n7b2j6q4d9e"
SUBMISSION = "sub_01kb1y6t9a4c7e2g8j5m1p3r6v"
ASSIGNMENT = "asg_01kb1y6r2d9b4f7h3k6n8q1s5w"
REWORK_ASSIGNMENT = "asg_01kb1y7f4d2h6k9n3q5s8v1x4z"
BONUS = "bon_01kb1y8a5c7e9g2j4m6p8r1t3v"
QUALIFICATION = "qlf_01kb1y9c3e5g7j9m2p4r6t8v1x"
MESSAGE = "msg_01kb1yab4d6f8h9k1n3q5s7t2v"
WORKER = "wrk_01kb1xz8p7e3h6m9q2t5w8z1c4"
PSEUDONYM = "A7F3K9Q2MC41TM08D"
INSTANT = "2026-11-23T10:15:30.250Z"
LATER = "2026-11-23T10:25:30.250Z"
FIVE_CENTS = {"amount_minor": 5, "currency": "USD"}
NOTHING = {"amount_minor": 0, "currency": "USD"}
ONE_CENT = {"amount_minor": 1, "currency": "USD"}
EIGHTEEN_DOLLARS = {"amount_minor": 1800, "currency": "USD"}
