CREATE TABLE "chats" (
	"id" text PRIMARY KEY NOT NULL,
	"owner" text,
	"tenant" text,
	"title" text,
	"created_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone,
	"through" bigint NOT NULL,
	"deleted_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"chat_id" text NOT NULL,
	"id" text NOT NULL,
	"parent" text,
	"role" text NOT NULL,
	"text" text NOT NULL,
	"run" integer,
	"time" timestamp (3) with time zone NOT NULL,
	"search" "tsvector" NOT NULL,
	CONSTRAINT "messages_chat_id_id_pk" PRIMARY KEY("chat_id","id")
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"chat_id" text NOT NULL,
	"run" integer NOT NULL,
	"owner" text NOT NULL,
	"tenant" text NOT NULL,
	"parent" text NOT NULL,
	"message" text NOT NULL,
	"tier" text NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"temperature" double precision,
	"max_output_tokens" integer,
	"system" text,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	"status" text NOT NULL,
	"finish" text,
	"error_code" text,
	"error_message" text,
	"error_retry_after" double precision,
	"replaced_by" text,
	"cache" text NOT NULL,
	"input_tokens" integer,
	"output_tokens" integer,
	"estimated" boolean NOT NULL,
	"cost" double precision,
	"first_token_ms" bigint,
	"total_ms" bigint NOT NULL,
	"requests" integer NOT NULL,
	"recoveries" jsonb NOT NULL,
	"saved_ms" bigint,
	"saved_input_tokens" integer,
	"saved_output_tokens" integer,
	"saved_cost" double precision,
	"cache_age" bigint,
	CONSTRAINT "runs_chat_id_run_pk" PRIMARY KEY("chat_id","run")
);
--> statement-breakpoint
CREATE TABLE "snapshots" (
	"chat_id" text NOT NULL,
	"part" integer NOT NULL,
	"body" text NOT NULL,
	CONSTRAINT "snapshots_chat_id_part_pk" PRIMARY KEY("chat_id","part")
);
--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_chat_id_chats_id_fk" FOREIGN KEY ("chat_id") REFERENCES "public"."chats"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_chat_id_chats_id_fk" FOREIGN KEY ("chat_id") REFERENCES "public"."chats"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "snapshots" ADD CONSTRAINT "snapshots_chat_id_chats_id_fk" FOREIGN KEY ("chat_id") REFERENCES "public"."chats"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chats_of_owner" ON "chats" USING btree ("owner","updated_at");--> statement-breakpoint
CREATE INDEX "messages_by_words" ON "messages" USING gin ("search");--> statement-breakpoint
CREATE INDEX "runs_of_tenant" ON "runs" USING btree ("tenant","ended_at");