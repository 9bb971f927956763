CREATE TABLE "log_parts" (
	"chat_id" text NOT NULL,
	"after" bigint NOT NULL,
	"through" bigint NOT NULL,
	"body" text NOT NULL,
	CONSTRAINT "log_parts_chat_id_after_pk" PRIMARY KEY("chat_id","after")
);
--> statement-breakpoint
CREATE TABLE "tokens" (
	"id" text PRIMARY KEY NOT NULL,
	"digest" text NOT NULL,
	"about" text NOT NULL,
	CONSTRAINT "tokens_digest_unique" UNIQUE("digest")
);
--> statement-breakpoint
ALTER TABLE "log_parts" ADD CONSTRAINT "log_parts_chat_id_chats_id_fk" FOREIGN KEY ("chat_id") REFERENCES "public"."chats"("id") ON DELETE no action ON UPDATE no action;